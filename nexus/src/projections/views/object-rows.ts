import type { Micros, PublicKeyZ32, StoragePath } from '@pubky/protocol'
import { edgeOf } from '../../objects/edges.ts'
import { type ObjectState, VERDICTS } from '../../objects/fold.ts'
import type { ObjectDoc, ObjectKind } from '../../objects/object-doc.ts'
import { remove, rowsOf, type Tx, upsert } from './sql.ts'

/** Names an object. Neither part holds a line feed: keys are z-base-32. */
export type Address = string
export const addressOf = (owner: PublicKeyZ32, path: StoragePath): Address => `${owner}\n${path}`

const KEY = ['owner', 'path'] as const
const COLUMNS = {
  owner: 'text',
  path: 'text',
  kind: 'text',
  epoch: 'int',
  event_id: 'bigint',
  position: 'bigint',
  deleted: 'boolean',
  hash: 'bytea',
  blob_key: 'text',
  size: 'bigint',
  doc: 'jsonb',
  proof_micros: 'bigint',
  proof_micros_max: 'bigint',
  verdict: 'smallint',
  indexed_at: 'bigint',
  edited_at: 'bigint',
  signer: 'text',
  written_at: 'bigint',
  won_epoch: 'int',
  won_event: 'bigint',
  edge_target: 'text',
  edge_label: 'text',
  edge_app: 'text',
} as const

const upsertObjects = upsert('objects', KEY, COLUMNS)
const removeObjects = remove('objects', { owner: 'text', path: 'text' })

interface Row {
  owner: PublicKeyZ32
  path: StoragePath
  kind: ObjectKind
  epoch: number
  event_id: string
  position: string | null
  deleted: boolean
  hash: string | null
  blob_key: string | null
  size: string | null
  doc: ObjectDoc | null
  proof_micros: string | null
  proof_micros_max: string | null
  verdict: number
  indexed_at: string
  edited_at: string | null
  signer: PublicKeyZ32 | null
  written_at: string
  won_epoch: number
  won_event: string
}

const LOAD = `select o.owner, o.path, o.kind, o.epoch, o.event_id, o.position, o.deleted,
    encode(o.hash, 'hex') as hash, o.blob_key, o.size, o.doc, o.proof_micros, o.proof_micros_max,
    o.verdict, o.indexed_at, o.edited_at, o.signer, o.written_at, o.won_epoch, o.won_event
  from unnest($1::text[], $2::text[]) as k (owner, path)
  join objects o on o.owner = k.owner and o.path = k.path`

export async function loadObjects(
  tx: Tx,
  wanted: readonly { owner: PublicKeyZ32; path: StoragePath }[],
): Promise<ObjectState[]> {
  if (wanted.length === 0) return []
  const owners = wanted.map(({ owner }) => owner)
  const paths = wanted.map(({ path }) => path)
  return (await rowsOf<Row>(tx, 'load_objects', LOAD, [owners, paths])).map(stateOfRow)
}

const micros = (text: string | null) => (text === null ? null : (BigInt(text) as Micros))

function stateOfRow(row: Row): ObjectState {
  return {
    owner: row.owner,
    path: row.path,
    kind: row.kind,
    epoch: row.epoch,
    eventId: BigInt(row.event_id),
    position: row.position === null ? null : BigInt(row.position),
    deleted: row.deleted,
    hash: row.hash,
    blobKey: row.blob_key,
    size: row.size === null ? null : Number(row.size),
    doc: row.doc,
    proofMicros: micros(row.proof_micros),
    proofMicrosMax: micros(row.proof_micros_max),
    verdict: VERDICTS[row.verdict] ?? 'unsigned',
    signer: row.signer,
    writtenAt: Number(row.written_at),
    wonEpoch: row.won_epoch,
    wonEventId: BigInt(row.won_event),
    indexedAt: Number(row.indexed_at),
    editedAt: row.edited_at === null ? null : Number(row.edited_at),
  }
}

/** What the verdict on an object depends on, and what it is. */
export type WinnerRow = Pick<
  ObjectState,
  | 'owner'
  | 'path'
  | 'hash'
  | 'proofMicros'
  | 'proofMicrosMax'
  | 'signer'
  | 'writtenAt'
  | 'wonEpoch'
  | 'wonEventId'
  | 'verdict'
>

const WINNERS_AT_ONCE = 2_000
const WINNERS = `select owner, path, encode(hash, 'hex') as hash, proof_micros, proof_micros_max, verdict, signer, written_at,
    won_epoch, won_event
  from objects where owner = $1 and path > $2 and position is not null
  order by path limit ${WINNERS_AT_ONCE}`

/** Everything of an owner that a verdict is passed on. */
export async function* loadWinners(tx: Tx, owner: PublicKeyZ32): AsyncGenerator<WinnerRow[]> {
  for (let after = ''; ; ) {
    const rows = await rowsOf<Row>(tx, 'load_winners', WINNERS, [owner, after])
    const last = rows.at(-1)
    if (!last) return
    after = last.path
    yield rows.map((row) => ({
      owner: row.owner,
      path: row.path,
      hash: row.hash,
      proofMicros: micros(row.proof_micros),
      proofMicrosMax: micros(row.proof_micros_max),
      verdict: VERDICTS[row.verdict] ?? 'unsigned',
      signer: row.signer,
      writtenAt: Number(row.written_at),
      wonEpoch: row.won_epoch,
      wonEventId: BigInt(row.won_event),
    }))
  }
}

/** Writes the states; null stands for a path of which nothing is left. */
export async function saveObjects(
  tx: Tx,
  states: ReadonlyMap<Address, ObjectState | null>,
): Promise<void> {
  const kept: object[] = []
  const gone: object[] = []
  for (const [address, state] of states) {
    if (state) kept.push(rowOfState(state))
    else {
      const [owner, path] = address.split('\n')
      gone.push({ owner, path })
    }
  }
  await Promise.all([removeObjects(tx, gone), upsertObjects(tx, kept)])
}

function rowOfState(s: ObjectState): Record<keyof typeof COLUMNS, unknown> {
  const edge = edgeOf(s)
  return {
    owner: s.owner,
    path: s.path,
    kind: s.kind,
    epoch: s.epoch,
    event_id: String(s.eventId),
    position: s.position === null ? null : String(s.position),
    deleted: s.deleted,
    hash: s.hash,
    blob_key: s.blobKey,
    size: s.size,
    doc: s.doc,
    proof_micros: s.proofMicros === null ? null : String(s.proofMicros),
    proof_micros_max: s.proofMicrosMax === null ? null : String(s.proofMicrosMax),
    verdict: VERDICTS.indexOf(s.verdict),
    indexed_at: s.indexedAt,
    edited_at: s.editedAt,
    signer: s.signer,
    written_at: s.writtenAt,
    won_epoch: s.wonEpoch,
    won_event: String(s.wonEventId),
    edge_target: edge?.target ?? null,
    edge_label: edge?.label ?? '',
    edge_app: edge?.app ?? '',
  }
}
