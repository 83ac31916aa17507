import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'
import type { Pool } from 'pg'

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
  // Only who holds the order lock takes ids of events, so the last one is that of this transaction. The name
  // is set before the call that depends on it.
  text: `select refused, outcomes, details::text[], replaced,
    pg_sequence_last_value('events_id_seq')::text as newest
    from (select set_config('pubky.process', $20, true) as name) process,
    lateral commit_writes($1::bigint[], $2::text[], $3::smallint[], $4::bigint[], $5::text[], $6::text[], $7, $8,
      $9::int[], $10, $11::int[], $12::bigint[], $13::text[], $14::boolean[], $15::bytea[], $16::text[],
      $17::text[], $18::boolean[], case when process.name is not null then $19::bigint end)`,
}

const APPLIED: Outcome = { result: 'applied', highest: 0n }
const NO_HASH = Buffer.alloc(32)

/** The paths that would have to be folders for this one to be a file below them; the roots always are. */
export function ancestorsOf(path: string): string[] {
  const ancestors: string[] = []
  for (let at = path.indexOf('/', path.indexOf('/', 1) + 1); at > 0; at = path.indexOf('/', at + 1))
    ancestors.push(path.slice(0, at))
  return ancestors
}

function packed(parts: readonly (Uint8Array | null | undefined)[]): [Buffer, number[]] {
  const present = parts.filter((part) => part instanceof Uint8Array)
  return [Buffer.concat(present), parts.map((part) => part?.length ?? -1)]
}

function valuesOf(writes: readonly Write[], defaultQuota: number | null): unknown[] {
  const puts = writes.map((write) => (write.kind === 'PUT' ? write : null))
  const [bodies, bodyLengths] = packed(puts.map((put) => put?.inline))
  const [proofs, proofLengths] = packed(writes.map(({ proof }) => proof?.bytes))
  return [
    writes.map((write) => write.userId),
    writes.map((write) => write.path),
    writes.map((write) => (write.kind === 'PUT' ? 0 : 1)),
    puts.map((put) => put?.size ?? null),
    puts.map((put) => put?.contentType ?? null),
    puts.map((put) => put?.blobKey ?? null),
    Buffer.concat(puts.map((put) => put?.hash ?? NO_HASH)),
    bodies,
    bodyLengths,
    proofs,
    proofLengths,
    writes.map(({ proof }) => proof?.timestamp.toString() ?? null),
    writes.map(({ proof }) => proof?.delegate ?? null),
    writes.map(({ createOnly }) => createOnly),
    writes.map(({ matches }) => matches && Buffer.from(matches)),
    puts.map((put) => put && ancestorsOf(put.path).join('\n')),
    puts.map((put) => put?.policy?.join('\n') ?? null),
    writes.some(({ forced }) => forced) ? writes.map(({ forced }) => forced === true) : null,
    defaultQuota,
  ]
}

/**
 * Commits writes to different paths, none below another, in one transaction; outcomes come in their
 * order, the blobs that they replaced, and the id of the last event: those of the applied writes end
 * with it, in their order. `process` is who commits, see `Alone`. `over_quota` is certain only for a write that is
 * alone. When it rejects with an error of the database, nothing happened.
 */
export async function commitWrites(
  pool: Pool,
  writes: readonly Write[],
  o: { defaultQuota: number | null; process: string },
): Promise<Committed> {
  const values = [...valuesOf(writes, o.defaultQuota), o.process]
  const { rows } = await pool.query<Row>({ ...COMMIT, values })
  const [row] = rows
  const outcomes = writes.map(() => APPLIED)
  row?.refused?.forEach((ord, index) => {
    const result = OUTCOMES[row.outcomes?.[index] ?? -1] ?? 'missing'
    outcomes[ord - 1] = { result, highest: BigInt(row.details?.[index] ?? 0) }
  })
  return { outcomes, replaced: row?.replaced ?? [], newest: BigInt(row?.newest ?? 0) }
}
