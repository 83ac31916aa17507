import {
  blake3,
  type KeyRule,
  ProtocolError,
  type PublicKeyZ32,
  parseKeyRule,
  type StoragePath,
  verifyObjectProof,
} from '@pubky/protocol'
import type { Opt } from './dht.ts'
import { PubkyError } from './errors.ts'
import { readBounded } from './http.ts'
import type { PublicStorage } from './types.ts'

/** As a homeserver takes them; see docs/moving-house.md. */
const MAX_RULE_BYTES = 512 * 1024

/** Reads what an owner says about keys; null when nothing is said there that the owner key itself signed. */
export async function readRule(
  storage: Pick<PublicStorage, 'get'>,
  at: { owner: PublicKeyZ32; path: StoragePath },
  o: Opt & { bundled?: () => Promise<Uint8Array | null> } = {},
): Promise<KeyRule | null> {
  const { bundled, ...opt } = o
  const { owner, path } = at
  try {
    const object = await storage.get(`pubky://${owner}${path}`, opt)
    const bytes = new Response(object.body as ReadableStream<Uint8Array<ArrayBuffer>>)
    const body = await readBounded(bytes, MAX_RULE_BYTES)
    const rule = parseKeyRule(path, body)
    // A list is what its name says, whoever stored it.
    if (rule.says === 'kept') return rule
    const proof = object.proof ?? (await bundled?.()) ?? null
    return proof && (await isOwners(proof, at, body)) ? rule : null
  } catch (error) {
    const isAbsent = error instanceof PubkyError && error.code === 'not_found'
    if (isAbsent || error instanceof ProtocolError) return null
    throw error
  }
}

async function isOwners(
  proof: Uint8Array,
  { owner, path }: { owner: PublicKeyZ32; path: StoragePath },
  body: Uint8Array,
): Promise<boolean> {
  const about = { owner, path, action: 'PUT', hash: await blake3(body) } as const
  return (await verifyObjectProof(proof, about)).certificate === null
}
