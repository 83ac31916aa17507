import { type JournalEntry, type Projection, refuseGap } from '@pubky/indexer'
import type { Pool } from 'pg'
import { createFactTable, type Said } from './fact-table.ts'
import { createObjectStates, type ObjectChange } from './object-states.ts'

export type FactTable = ReturnType<typeof createFactTable>

interface Engine<News> {
  position(): Promise<bigint>
  apply(batch: News & { position: bigint }): Promise<void>
  reset(): Promise<void>
}

/**
 * Feeds an engine from the journal. What each object says is written down first, then the engine
 * learns the difference as absolute facts together with the position: when it stops in between, the
 * same batch comes again and says the same.
 */
export function createEngineProjection<News extends object>(o: {
  pool: Pool
  name: string
  version: number
  /** Whether facts keep the text of documents. */
  text: boolean
  engine: Engine<News>
  newsOf(facts: FactTable, said: readonly Said[], changes: readonly ObjectChange[]): Promise<News>
}): Projection {
  const { pool, name, version, text, engine, newsOf } = o
  const states = createObjectStates(pool)
  const facts = createFactTable(pool, name, { text })

  async function apply(
    entries: readonly JournalEntry[],
    { after, signal }: { after?: bigint; signal?: AbortSignal },
  ): Promise<void> {
    const position = entries.at(-1)?.position ?? 0n
    try {
      const reached = await engine.position()
      refuseGap(reached, after)
      const fresh = entries.filter((entry) => entry.position > reached)
      if (fresh.length === 0) return
      const changes = await states.changes(fresh)
      signal?.throwIfAborted()
      const said = await facts.write(changes)
      await engine.apply({ ...(await newsOf(facts, said, changes)), position })
      states.remember(changes, position)
    } catch (error) {
      states.forget()
      throw error
    }
  }

  return {
    name,
    version,
    position: () => engine.position(),
    apply,
    async reset() {
      states.forget()
      await facts.clear()
      await engine.reset()
    },
    stateDigest: () => facts.digest(),
    noticeDigest: async () => 'none',
  }
}
