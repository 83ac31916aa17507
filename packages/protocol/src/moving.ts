import { type Micros, type PublicKeyZ32, toMicros } from './brands.ts'
import { concat, readU64, u64, utf8 } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { publicKeyBytes, publicKeyFromBytes } from './keys.ts'
import { type Signer, verifySignature } from './signer.ts'

/**
 * What an owner says to the home that is left: `freeze` refuses writes for a while, `thaw` allows them
 * again, `moved` refuses them for good and names the new home.
 */
export type MoveAction = 'freeze' | 'thaw' | 'moved'

export interface MoveStatement {
  action: MoveAction
  timestamp: Micros
  /** The new home; null with `thaw`. */
  target: PublicKeyZ32 | null
}

const DOMAIN = concat(utf8('PUBKY:MOVE'), Uint8Array.of(0))
const ACTIONS = { freeze: 1, thaw: 2, moved: 3 } as const
const NOWHERE = new Uint8Array(32)
const LENGTH = 106

/** How long a home stays frozen unless it is told again. */
export const FREEZE_SECONDS = 600

function bad(reason: string): never {
  throw new ProtocolError('invalid_move_statement', reason)
}

function targetBytes(target: PublicKeyZ32 | null): Uint8Array {
  return target === null ? NOWHERE : publicKeyBytes(target)
}

/** "PUBKY:MOVE" ‖ 0 ‖ action(1) ‖ timestamp(8) ‖ owner(32) ‖ host(32) ‖ target(32). */
function statementBytes(
  { action, timestamp, target }: MoveStatement,
  owner: PublicKeyZ32,
  host: PublicKeyZ32,
): Uint8Array {
  const head = concat(DOMAIN, Uint8Array.of(ACTIONS[action]), u64(timestamp))
  return concat(head, publicKeyBytes(owner), publicKeyBytes(host), targetBytes(target))
}

/** 0 ‖ action(1) ‖ timestamp(8) ‖ target(32) ‖ Ed25519(64), signed by the owner key itself. */
export async function signMoveStatement(
  owner: Signer,
  host: PublicKeyZ32,
  statement: MoveStatement,
): Promise<Uint8Array> {
  const { action, timestamp, target } = statement
  if ((action === 'thaw') !== (target === null)) bad('only a thaw has no target')
  const signature = await owner.sign(statementBytes(statement, owner.publicKey, host))
  const head = concat(Uint8Array.of(0, ACTIONS[action]), u64(timestamp))
  return concat(head, targetBytes(target), signature)
}

function parse(bytes: Uint8Array): MoveStatement {
  if (bytes.length !== LENGTH || bytes[0] !== 0) return bad('unknown form')
  const action = (Object.keys(ACTIONS) as MoveAction[]).find((one) => ACTIONS[one] === bytes[1])
  if (!action) return bad('unknown action')
  const target = bytes.subarray(10, 42)
  const isNowhere = target.every((byte) => byte === 0)
  if (isNowhere !== (action === 'thaw')) return bad('only a thaw has no target')
  return {
    action,
    timestamp: toMicros(readU64(bytes, 2)),
    target: isNowhere ? null : publicKeyFromBytes(target),
  }
}

/** Throws `invalid_move_statement`, or `invalid_public_key` for a target that is no key. */
export async function verifyMoveStatement(
  bytes: Uint8Array,
  { owner, host }: { owner: PublicKeyZ32; host: PublicKeyZ32 },
): Promise<MoveStatement> {
  const statement = parse(bytes)
  const signed = statementBytes(statement, owner, host)
  if (!(await verifySignature(owner, signed, bytes.subarray(42)))) return bad('wrong signature')
  return statement
}
