import { type PostId, PROFILE_PATH, postPath } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'
import { withTransaction } from '@pubky/server-kit'
import type { Pool } from 'pg'
import type { EdgeName, Fact, FactKind } from './fact.ts'
import { factOf, nameOfEdge } from './fact.ts'
import type { ObjectChange } from './object-states.ts'

// Look-ups are lateral: as joins they read the whole table whenever it has grown since it was measured.

/** What each live object says now: from it follows which edges exist and what a document carries. */
export function createFactTable(pool: Pool, projection: string, o: { text: boolean }) {
  /**
   * Writes what these objects say now. Resolves to all they say and said: what has to be compared
   * with what is live. Doing it twice changes nothing.
   */
  async function write(changes: readonly ObjectChange[]): Promise<Said[]> {
    const facts = changes.map((change) => ({ change, fact: factOf(change.state, o) }))
    const gone = facts.filter(({ fact }) => fact === null).map(({ change }) => change)
    const live = facts.flatMap(({ change, fact }) => (fact ? [{ ...change, ...fact }] : []))
    return withTransaction(pool, async (client) => {
      const { rows: before } = await client.query<Said>(
        `select f.owner, f.kind, f.target, f.label
         from unnest($2::text[], $3::text[]) as k (owner, path)
         cross join lateral (
           select * from projection_facts f
           where f.projection = $1 and f.owner = k.owner and f.path = k.path limit 1
         ) f`,
        [projection, changes.map((key) => key.owner), changes.map((key) => key.path)],
      )
      if (gone.length > 0) {
        await client.query(
          `update projection_facts set live = false, fact = '{}'
           where ctid = any (array(
             select f.ctid from unnest($2::text[], $3::text[]) as k (owner, path)
             cross join lateral (
               select f.ctid from projection_facts f
               where f.projection = $1 and f.owner = k.owner and f.path = k.path limit 1
             ) f
           ))`,
          [projection, gone.map((key) => key.owner), gone.map((key) => key.path)],
        )
      }
      await client.query(
        `insert into projection_facts
           (projection, owner, path, kind, target, label, at_ms, fact, live)
         select $1, *, true from unnest($2::text[], $3::text[], $4::text[], $5::text[],
           $6::text[], $7::bigint[], $8::jsonb[])
         on conflict (projection, owner, path) do update set kind = excluded.kind,
           target = excluded.target, label = excluded.label, at_ms = excluded.at_ms,
           fact = excluded.fact, live = true`,
        [
          projection,
          live.map((row) => row.owner),
          live.map((row) => row.path),
          live.map((row) => row.kind),
          live.map((row) => row.target),
          live.map((row) => row.label),
          live.map((row) => row.atMs),
          live.map((row) => JSON.stringify(row.fact)),
        ],
      )
      return [
        ...before,
        ...live.map(({ owner, kind, target, label }) => ({ owner, kind, target, label })),
      ]
    })
  }

  /** When each of these edges began; those that are missing do not exist. */
  async function edgesSince(edges: readonly EdgeName[]): Promise<Map<string, number>> {
    const { rows } = await pool.query<{
      owner: PublicKeyZ32
      kind: EdgeName['kind']
      target: string
      label: string
      at_ms: string
    }>(
      `select f.owner, f.kind, f.target, f.label, min(f.at_ms) as at_ms
       from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as e (owner, kind, target, label)
       join projection_facts f on f.owner = e.owner and f.kind = e.kind and f.target = e.target
         and f.label = e.label
       where f.projection = $1 and f.live group by f.owner, f.kind, f.target, f.label`,
      [
        projection,
        edges.map((edge) => edge.owner),
        edges.map((edge) => edge.kind),
        edges.map((edge) => edge.target),
        edges.map((edge) => edge.label),
      ],
    )
    return new Map(rows.map((row) => [nameOfEdge(row), Number(row.at_ms)]))
  }

  /** The labels of people and posts, with the number of those who gave them. */
  async function labelsOn(
    targets: readonly string[],
  ): Promise<Map<string, { label: string; taggers: number }[]>> {
    const { rows } = await pool.query<{ target: string; label: string; taggers: number }>(
      `select target, label, count(distinct owner)::int as taggers from projection_facts
       where projection = $1 and live and kind = 'tag' and target = any($2)
       group by target, label order by target, label`,
      [projection, targets],
    )
    const found = new Map<string, { label: string; taggers: number }[]>()
    for (const { target, ...label } of rows)
      found.set(target, [...(found.get(target) ?? []), label])
    return found
  }

  /** What was last read of these people's profiles and these posts. */
  async function documents(targets: readonly string[]): Promise<Map<string, Fact>> {
    const { rows } = await pool.query<Omit<Fact, 'atMs'> & { at_ms: string }>(
      `select f.kind, f.target, f.label, f.at_ms, f.fact
       from unnest($2::text[], $3::text[]) as k (owner, path)
       cross join lateral (
         select * from projection_facts f
         where f.projection = $1 and f.owner = k.owner and f.path = k.path limit 1
       ) f
       where f.live and f.kind in ('profile', 'post')`,
      [projection, targets.map(ownerOfTarget), targets.map(pathOfTarget)],
    )
    return new Map(
      rows.map(({ at_ms: at, ...fact }) => [fact.target, { ...fact, atMs: Number(at) }]),
    )
  }

  async function clear(): Promise<void> {
    await pool.query('delete from projection_facts where projection = $1', [projection])
  }

  /** Equal for equal facts. */
  async function digest(): Promise<string> {
    const { rows } = await pool.query<{ digest: string | null }>(
      `select encode(sha256(string_agg(sha256(convert_to(concat_ws(E'\\n', owner, path, kind, target,
         label, at_ms, fact::text), 'UTF8')), '' order by owner, path)), 'hex') as digest
       from projection_facts where projection = $1 and live`,
      [projection],
    )
    return rows[0]?.digest ?? 'empty'
  }

  return { write, edgesSince, labelsOn, documents, clear, digest }
}

/** What an object says or said. */
export interface Said {
  owner: PublicKeyZ32
  kind: FactKind
  target: string
  label: string
}

function ownerOfTarget(target: string): string {
  return target.slice(0, 52)
}

function pathOfTarget(target: string): string {
  const id = target.slice(53)
  return id === '' ? PROFILE_PATH : postPath(id as PostId)
}
