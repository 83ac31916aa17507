import type { Pool } from 'pg'
import type { LogMessage } from './live-event.ts'

/** Edges of one person that are kept in memory, of each sort. */
const MAX_EDGES = 20_000

type EdgeMessage = Extract<LogMessage, { type: 'edge' }>

/** Whom a viewer follows, is followed by, and mutes. */
export interface Circle {
  following: Set<string>
  followers: Set<string>
  muted: Set<string>
}

const LOAD = `select 'following' as sort, array(
    select followed from follows where follower = $1 order by indexed_at desc limit ${MAX_EDGES}
  ) as people
  union all select 'followers', array(
    select follower from follows where followed = $1 order by indexed_at desc limit ${MAX_EDGES}
  )
  union all select 'muted', array(select muted from mutes where owner = $1 limit ${MAX_EDGES})`

interface Entry {
  circle: Circle
  users: number
  loaded: Promise<void>
  /** What the log said while the circle was being read. */
  meanwhile: EdgeMessage[] | null
}

/** The circles of those who listen at the moment, kept up to date by the log. */
export function createAudience(pool: Pool) {
  const entries = new Map<string, Entry>()

  async function load(viewer: string, entry: Entry): Promise<void> {
    const { rows } = await pool.query<{ sort: keyof Circle; people: string[] }>({
      name: 'live_circle',
      text: LOAD,
      values: [viewer],
    })
    for (const { sort, people } of rows) for (const id of people) entry.circle[sort].add(id)
    // Edges are absolute: saying them again, even late, ends in the same circle.
    for (const message of entry.meanwhile ?? []) change(viewer, entry.circle, message)
    entry.meanwhile = null
  }

  /** The circle of a viewer until `release`. */
  async function enter(viewer: string): Promise<{ circle: Circle; release: () => void }> {
    let entry = entries.get(viewer)
    if (!entry) {
      const circle: Circle = { following: new Set(), followers: new Set(), muted: new Set() }
      entry = { circle, users: 0, loaded: Promise.resolve(), meanwhile: [] }
      entries.set(viewer, entry)
      entry.loaded = load(viewer, entry)
    }
    const mine = entry
    mine.users += 1
    const release = () => {
      mine.users -= 1
      if (mine.users === 0 && entries.get(viewer) === mine) entries.delete(viewer)
    }
    try {
      await mine.loaded
    } catch (error) {
      release()
      if (entries.get(viewer) === mine) entries.delete(viewer)
      throw error
    }
    return { circle: mine.circle, release }
  }

  function take(message: EdgeMessage): void {
    for (const viewer of [message.from, message.to]) {
      const entry = entries.get(viewer)
      if (entry?.meanwhile) entry.meanwhile.push(message)
      else if (entry) change(viewer, entry.circle, message)
    }
  }

  return { enter, take }
}

function change(viewer: string, circle: Circle, { edge, from, to, isThere }: EdgeMessage): void {
  const set = (people: Set<string>, id: string) => (isThere ? people.add(id) : people.delete(id))
  if (edge === 'mute') {
    if (from === viewer) set(circle.muted, to)
    return
  }
  if (from === viewer) set(circle.following, to)
  if (to === viewer) set(circle.followers, from)
}
