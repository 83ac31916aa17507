import type { Pool } from 'pg'
import { MAX_PATH_DEPTH, MAX_PATH_PEOPLE } from '../social-graph.ts'

const NEXT = `select distinct on (followed) followed as id, follower as by from graph_follows
  where follower = any($1) order by followed, follower`

/** Breadth first, one question per hop. */
export async function shortestPath(
  pool: Pool,
  from: string,
  to: string,
  maxDepth: number,
): Promise<string[] | null> {
  const reachedBy = new Map<string, string | null>([[from, null]])
  let frontier = [from]
  for (let depth = 0; !reachedBy.has(to); depth += 1) {
    if (depth >= Math.min(maxDepth, MAX_PATH_DEPTH) || frontier.length === 0) return null
    if (reachedBy.size > MAX_PATH_PEOPLE) return null
    const { rows } = await pool.query<{ id: string; by: string }>(NEXT, [frontier])
    frontier = []
    for (const { id, by } of rows) {
      if (reachedBy.has(id)) continue
      reachedBy.set(id, by)
      frontier.push(id)
    }
  }
  const path: string[] = []
  for (let at: string | null = to; at !== null; at = reachedBy.get(at) ?? null) path.unshift(at)
  return path
}
