import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'
import type { ClientBase } from 'pg'

/** A proof that was verified, as it is stored. */
export interface WriteProof {
  timestamp: bigint
  bytes: Uint8Array
  /** The key that signed for the owner, which may be revoked; null for the owner's own, and for what a
   * revocation keeps. */
  delegate: PublicKeyZ32 | null
}

interface Common {
  userId: string
  /** Whose `userId` it is: with it, live streams of this process are told at once. */
  owner?: PublicKeyZ32
  path: StoragePath
  proof: WriteProof | null
  /** `If-None-Match: *`. */
  createOnly: boolean
  /** `If-Match`: the hash that must be stored now. */
  matches: Uint8Array | null
  /** By the operator: neither the account's policy nor collisions count. */
  forced?: boolean
}

export interface Put extends Common {
  kind: 'PUT'
  hash: Uint8Array
  size: number
  contentType: string
  inline: Uint8Array | null
  blobKey: string | null
  /** The account's new policy, when this write sets it. */
  policy: readonly string[] | null
}

export type Write = Put | (Common & { kind: 'DEL' })

/** By the numbers of `commit_writes`. */
const OUTCOMES = [
  'applied',
  'same',
  'old_proof',
  'exists',
  'missing',
  'collision',
  'disabled',
  'no_match',
  'proof_required',
  'revoked',
  'over_quota',
] as const

export interface Outcome {
  result: (typeof OUTCOMES)[number]
  /** Of `old_proof`: the newest time that is known for the path. */
  highest: bigint
}

export interface Committed {
  outcomes: Outcome[]
  replaced: readonly string[]
  newest: bigint
}

interface Row {
  refused: number[] | null
  outcomes: number[] | null
  details: (string | null)[] | null
  replaced: string[] | null
  newest: string | null
}

const COMMIT = {
  name: 'commit_writes',
  text: `select refused, outcomes, details::text[], replaced, newest from commit_writes($1, $2::bigint[], $3::text[],
    $4::smallint[], $5::bigint[], $6::text[], $7::text[], $8, $9, $10::int[], $11::int[], $12, $13::int[],
    $14::int[], $15::bigint[], $16::text[], $17::text[], $18::boolean[], $19::bytea[], $20::text[], $21::boolean[],
    $22)`,
}

const APPLIED: Outcome = { result: 'applied', highest: 0n }
const NO_HASH = Buffer.alloc(32)

/**
 * The paths that would have to be folders for this one to be a file below them, each behind `before`; the roots
 * always are.
 */
export function ancestorsOf(path: string, before = ''): string[] {
  const ancestors: string[] = []
  for (let at = path.indexOf('/', path.indexOf('/', 1) + 1); at > 0; at = path.indexOf('/', at + 1))
    ancestors.push(before + path.slice(0, at))
  return ancestors
}

interface Packed {
  all: Buffer
  /** From 1, and in bytes; null for what is not there. */
  starts: (number | null)[]
  lengths: (number | null)[]
}

function packed(parts: readonly (Uint8Array | null | undefined)[]): Packed {
  let at = 1
  const starts = parts.map((part) => {
    const start = at
    at += part?.length ?? 0
    return part ? start : null
  })
  const all = Buffer.concat(parts.filter((part) => part instanceof Uint8Array))
  return { all, starts, lengths: parts.map((part) => part?.length ?? null) }
}

/** Null where no write says anything. */
function seldom<T>(values: readonly (T | null | undefined)[]): (T | null | undefined)[] | null {
  return values.some((value) => value !== null && value !== undefined) ? [...values] : null
}

function valuesOf(
  writes: readonly Write[],
  o: { defaultQuota: number | null; process: string },
): unknown[] {
  const puts = writes.map((write) => (write.kind === 'PUT' ? write : null))
  const bodies = packed(puts.map((put) => put?.inline))
  const proofs = packed(writes.map(({ proof }) => proof?.bytes))
  return [
    o.process,
    writes.map((write) => write.userId),
    writes.map((write) => write.path),
    writes.map((write) => (write.kind === 'PUT' ? 0 : 1)),
    puts.map((put) => put?.size ?? null),
    puts.map((put) => put?.contentType ?? null),
    puts.map((put) => put?.blobKey ?? null),
    Buffer.concat(puts.map((put) => put?.hash ?? NO_HASH)),
    bodies.all,
    bodies.starts,
    bodies.lengths,
    proofs.all,
    proofs.starts,
    proofs.lengths,
    writes.map(({ proof }) => proof?.timestamp.toString() ?? null),
    puts.map((put) => put && ancestorsOf(put.path).join('\n')),
    seldom(writes.map(({ proof }) => proof?.delegate)),
    seldom(writes.map(({ createOnly }) => createOnly || null)),
    seldom(writes.map(({ matches }) => matches && Buffer.from(matches))),
    seldom(puts.map((put) => put?.policy?.join('\n'))),
    seldom(writes.map(({ forced }) => forced || null)),
    o.defaultQuota,
  ]
}

/**
 * Commits writes to different paths, none below another, in one transaction; outcomes come in their
 * order, the blobs that they replaced, and the id of the last event: those of the applied writes end
 * with it, in their order. `process` is who commits, see `Alone`. `over_quota` is certain only for a write that is
 * alone. When it rejects with an error of the database, nothing happened.
 */
export async function commitWrites(
  client: ClientBase,
  writes: readonly Write[],
  o: { defaultQuota: number | null; process: string },
): Promise<Committed> {
  const { rows } = await client.query<Row>({ ...COMMIT, values: valuesOf(writes, o) })
  const [row] = rows
  const outcomes = writes.map(() => APPLIED)
  row?.refused?.forEach((ord, index) => {
    const result = OUTCOMES[row.outcomes?.[index] ?? -1] ?? 'missing'
    outcomes[ord - 1] = { result, highest: BigInt(row.details?.[index] ?? 0) }
  })
  return { outcomes, replaced: row?.replaced ?? [], newest: BigInt(row?.newest ?? 0) }
}
