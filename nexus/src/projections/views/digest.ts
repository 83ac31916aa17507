import type { Tx } from './sql.ts'

// Positions differ between journals with the same entries; everything else must not.
const STATE: Record<string, string> = {
  objects: `owner, path, kind, epoch, event_id, deleted, hash, blob_key, size, doc, proof_micros,
    proof_micros_max, signer, written_at, won_epoch, won_event, verdict, indexed_at, edited_at, edge_target, edge_label, edge_app`,
  users: '*',
  posts: '*',
  follows: '*',
  mutes: '*',
  bookmarks: '*',
  tags: '*',
  user_labels: '*',
  post_labels: '*',
  resources: '*',
  files: '*',
  user_counts: '*',
}

const NOTICES = { notices: 'recipient, position, ordinal, at, type, actor, body' }

// No row and a row of zeros say the same.
const WHERE: Record<string, string> = {
  user_counts: `where tagged + tags + unique_tags + posts + replies + collections + following
    + followers + friends + bookmarks > 0`,
}

/** A sum over the rows' hashes needs no order and no memory, however many rows there are. */
async function digest(tx: Tx, tables: Record<string, string>): Promise<string> {
  const parts: string[] = []
  for (const [table, columns] of Object.entries(tables)) {
    const { rows } = await tx.query<{ digest: string }>(
      `select count(*) || '-' || coalesce(sum(hashtextextended(t::text, 1)::numeric), 0)
         || '-' || coalesce(sum(hashtextextended(t::text, 2)::numeric), 0) as digest
       from (select ${columns} from ${table} ${WHERE[table] ?? ''}) t`,
    )
    parts.push(`${table}:${rows[0]?.digest}`)
  }
  return parts.join(' ')
}

/** Equal for equal sets of journal entries. */
export const digestState = (tx: Tx): Promise<string> => digest(tx, STATE)
/** Equal for equal sequences of journal entries. */
export const digestNotices = (tx: Tx): Promise<string> => digest(tx, NOTICES)
