import type { Pool } from 'pg'
import { type EventRow, eventText, type RawEvent, toEvent } from './rows.ts'

/** Larger bodies do not lie in the row. */
export const MAX_CONTENT_BYTES = 16 * 1024

/** An event with the body that it speaks of, while it is what everybody can read there. */
export interface Told {
  event: EventRow
  content: Buffer | null
  /** There is one, but the page holds enough. */
  isWithheld: boolean
}

interface Raw extends RawEvent {
  content: Buffer | null
  withheld: boolean
}

// What has been replaced or deleted, what is private and what lies in a blob is told without its body.
const text = (where: string) => `
  select e.id::text, e.kind, e.key, e.path, e.hash, e.proof,
    case when e.total <= $4 then e.inline end as content,
    e.inline is not null and e.total > $4 as withheld
  from (
    select e.*, u.key, n.inline, sum(coalesce(n.size, 0)) over (order by e.id) as total
    from (select * from events e where e.id > $1 ${where} order by e.id limit $2) e
    join users u on u.id = e.user_id
    left join lateral (
      select n.inline, n.size from entries n
      where e.kind = 0 and e.path >= '/pub/' and e.path < '/pub0' and n.user_id = e.user_id
        and n.path = e.path and n.hash = e.hash and n.size <= $3 and n.inline is not null
      limit 1
    ) n on true
  ) e order by e.id`

const ALL = { name: 'told_after', text: text('') }
const PUBLIC = {
  name: 'public_told_after',
  text: text("and e.path >= '/pub/' and e.path < '/pub0'"),
}

/** Events after an id, of public paths or of all, with bodies up to `maxBytes` and in all `budget`. */
export async function toldAfter(
  pool: Pool,
  after: bigint,
  o: { limit: number; maxBytes: number; budget: number; isPublic: boolean },
): Promise<Told[]> {
  const values = [String(after), o.limit, o.maxBytes, o.budget]
  const { rows } = await pool.query<Raw>({ ...(o.isPublic ? PUBLIC : ALL), values })
  return rows.map((raw) => ({
    event: toEvent(raw),
    content: raw.content,
    isWithheld: raw.withheld,
  }))
}

/** Frames of bodies that many streams send at the moment. */
const frames = new WeakMap<Buffer, string>()

/** The frame of an event with its body as one more line (design 3.3). */
export function contentFrame(event: EventRow, content: Buffer | null): string {
  if (!content) return eventText(event)
  const known = frames.get(content)
  if (known !== undefined) return known
  const frame = `${eventText(event).slice(0, -1)}data: content: ${content.toString('base64')}\n\n`
  frames.set(content, frame)
  return frame
}
