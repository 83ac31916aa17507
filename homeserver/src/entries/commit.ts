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

interface Answer {
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

/** The paths that would have to be folders for this one to be a file below them; the roots always are. */
export function ancestorsOf(path: string): string[] {
  const ancestors: string[] = []
  for (let at = path.indexOf('/', path.indexOf('/', 1) + 1); at > 0; at = path.indexOf('/', at + 1))
    ancestors.push(path.slice(0, at))
  return ancestors
}

/**
 * A write in the elements of the arrays that `commit_writes` takes: made when it arrives, because while a batch is
 * put together the database has nothing to do.
 */
export interface Row {
  write: Write
  user: string
  path: string
  kind: string
  size: string
  type: string
  blob: string
  time: string
  above: string
  delegate: string
  creates: string
  policy: string
  forced: string
}

const NULL = 'null'

/** As an element of an array. */
function element(text: string | null | undefined): string {
  if (text === null || text === undefined) return NULL
  return `"${/["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`
}

/** `ancestors` are those of its path. */
export function rowOf(write: Write, ancestors: readonly string[]): Row {
  const { userId, path, proof, createOnly, forced } = write
  const put = write.kind === 'PUT' ? write : null
  return {
    write,
    user: userId,
    path: element(path),
    kind: put ? '0' : '1',
    size: put ? String(put.size) : NULL,
    type: element(put?.contentType),
    blob: element(put?.blobKey),
    time: proof ? String(proof.timestamp) : NULL,
    above: put ? element(ancestors.join('\n')) : NULL,
    delegate: element(proof?.delegate),
    creates: createOnly ? 'true' : NULL,
    policy: element(put?.policy?.join('\n')),
    forced: forced ? 'true' : NULL,
  }
}

function column(rows: readonly Row[], name: Exclude<keyof Row, 'write'>): string {
  let elements = ''
  for (const row of rows) elements += elements === '' ? row[name] : `,${row[name]}`
  return `{${elements}}`
}

/** Null where no write says anything. */
function seldom(rows: readonly Row[], name: Exclude<keyof Row, 'write'>): string | null {
  return rows.some((row) => row[name] !== NULL) ? column(rows, name) : null
}

interface Packed {
  all: Buffer
  /** From 1, and in bytes; null for what is not there. */
  starts: string
  lengths: string
}

function packed(parts: readonly (Uint8Array | null | undefined)[]): Packed {
  const present: Uint8Array[] = []
  const [starts, lengths]: [(number | string)[], (number | string)[]] = [[], []]
  let at = 1
  for (const part of parts) {
    starts.push(part ? at : NULL)
    lengths.push(part ? part.length : NULL)
    if (!part) continue
    present.push(part)
    at += part.length
  }
  return { all: Buffer.concat(present), starts: `{${starts}}`, lengths: `{${lengths}}` }
}

function valuesOf(
  rows: readonly Row[],
  o: { defaultQuota: number | null; process: string },
): unknown[] {
  const puts = rows.map(({ write }) => (write.kind === 'PUT' ? write : null))
  const bodies = packed(puts.map((put) => put?.inline))
  const proofs = packed(rows.map(({ write }) => write.proof?.bytes))
  const matches = rows.map(({ write }) => write.matches && Buffer.from(write.matches))
  return [
    o.process,
    column(rows, 'user'),
    column(rows, 'path'),
    column(rows, 'kind'),
    column(rows, 'size'),
    column(rows, 'type'),
    column(rows, 'blob'),
    Buffer.concat(puts.map((put) => put?.hash ?? NO_HASH)),
    bodies.all,
    bodies.starts,
    bodies.lengths,
    proofs.all,
    proofs.starts,
    proofs.lengths,
    column(rows, 'time'),
    column(rows, 'above'),
    seldom(rows, 'delegate'),
    seldom(rows, 'creates'),
    matches.some((match) => match !== null) ? matches : null,
    seldom(rows, 'policy'),
    seldom(rows, 'forced'),
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
  writes: readonly Row[],
  o: { defaultQuota: number | null; process: string },
): Promise<Committed> {
  const { rows } = await client.query<Answer>({ ...COMMIT, values: valuesOf(writes, o) })
  const [answer] = rows
  const outcomes = writes.map(() => APPLIED)
  answer?.refused?.forEach((ord, index) => {
    const result = OUTCOMES[answer.outcomes?.[index] ?? -1] ?? 'missing'
    outcomes[ord - 1] = { result, highest: BigInt(answer.details?.[index] ?? 0) }
  })
  return { outcomes, replaced: answer?.replaced ?? [], newest: BigInt(answer?.newest ?? 0) }
}
