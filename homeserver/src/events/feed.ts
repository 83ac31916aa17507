import type { Context } from '../context.ts'
import { contentFrame, MAX_CONTENT_BYTES, type Told, toldAfter } from './contents.ts'
import { type EventRow, publicEventsAfter } from './rows.ts'
import type { Stream } from './sse.ts'

/** Events in one write, and bytes of bodies: what a reader that takes nothing holds in memory. */
const PAGE = 200
const PAGE_CONTENT_BYTES = 128 * 1024

interface Page {
  told: Told[]
  /** Up to here everything public was told. */
  end: bigint
  /** The table had more than one page. */
  isCut: boolean
}

function isPublic(event: EventRow): boolean {
  return event.path.startsWith('/pub/')
}

/** The size of bodies that a reader asks for in `pubky-inline`; 0 when none are wanted. */
export function contentBytesOf(header: string | string[] | undefined): number {
  if (typeof header !== 'string' || !/^\d{1,9}$/.test(header.trim())) return 0
  return Math.min(Number(header), MAX_CONTENT_BYTES)
}

/** Cuts a page before it grows too heavy; the rest comes with the next. */
function lightPart(told: readonly Told[]): Told[] {
  let bytes = 0
  const end = told.findIndex(({ content, isWithheld }) => {
    bytes += content?.length ?? 0
    return isWithheld || bytes > PAGE_CONTENT_BYTES
  })
  return end < 0 ? [...told] : told.slice(0, end)
}

function fromMemory({ hub }: Context, cursor: bigint, maxBytes: number): Page | null {
  const fresh = hub.after(cursor, PAGE)
  if (!fresh) return null
  const end = fresh.at(-1)?.id ?? cursor
  const events = fresh.filter(isPublic)
  if (maxBytes === 0 || events.length === 0)
    return {
      told: events.map((event) => ({ event, content: null, isWithheld: false })),
      end,
      isCut: false,
    }
  const contents = hub.contentsAfter(cursor)
  if (!contents) return null
  const told = events.map((event) => {
    const content = contents.get(event) ?? null
    const fits = content !== null && content.length <= maxBytes
    return { event, content: fits ? content : null, isWithheld: false }
  })
  const light = lightPart(told)
  const isCut = light.length < told.length
  return { told: light, end: isCut ? lastId(light, cursor) : end, isCut }
}

async function fromTable({ hub, pool }: Context, cursor: bigint, maxBytes: number): Promise<Page> {
  // What is in memory now is in the table for the question that follows.
  const { head } = hub
  const rows =
    maxBytes === 0
      ? (await publicEventsAfter(pool, cursor, PAGE)).map(
          (event): Told => ({ event, content: null, isWithheld: false }),
        )
      : await toldAfter(pool, cursor, {
          limit: PAGE,
          maxBytes,
          budget: PAGE_CONTENT_BYTES,
          isPublic: true,
        })
  const told = lightPart(rows)
  const last = lastId(told, cursor)
  const isCut = rows.length === PAGE || told.length < rows.length
  return { told, end: !isCut && head > last ? head : last, isCut }
}

function lastId(told: readonly Told[], cursor: bigint): bigint {
  return told.at(-1)?.event.id ?? cursor
}

/**
 * Sends everything public after `cursor` and what comes, until the reader goes. With `contentBytes`
 * each PUT carries its body while it is current: as it lay in the table when the event was read,
 * like the answer to a GET of that moment. No body is kept for later.
 */
export async function sendFeed(
  ctx: Context,
  stream: Stream,
  o: { from: bigint; contentBytes: number },
): Promise<void> {
  using _ = o.contentBytes > 0 ? ctx.hub.readContents() : null
  let cursor = o.from
  while (!stream.signal.aborted) {
    const page = fromMemory(ctx, cursor, o.contentBytes)
    ctx.metrics.lag(page && ctx.hub.head - cursor)
    const { told, end, isCut } = page ?? (await fromTable(ctx, cursor, o.contentBytes))
    cursor = end
    if (told.length > 0)
      await stream.send(told.map(({ event, content }) => contentFrame(event, content)).join(''))
    if (!isCut) await ctx.hub.wait(cursor, stream.signal)
  }
}
