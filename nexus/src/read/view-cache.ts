import { LRUCache } from 'lru-cache'

/**
 * Views without anything of the viewer, by key. Whoever hears of a change forgets its key before
 * anybody is told; a short life bounds what a missed notice could leave behind.
 */
export interface ViewCache<V extends object> {
  /** The views of these keys, loading those that are not here in one question. */
  many(
    keys: readonly string[],
    load: (missing: string[]) => Promise<Map<string, V>>,
  ): Promise<Map<string, V>>
  forget(keys: readonly string[]): void
  clear(): void
}

const LIFE_MS = 5000

export function createViewCache<V extends object>(max: number): ViewCache<V> {
  const cache = new LRUCache<string, { view: V | null }>({ max, ttl: LIFE_MS })
  let generation = 0
  const forgotten = new LRUCache<string, number>({ max })

  async function loadMissing(
    missing: string[],
    load: (missing: string[]) => Promise<Map<string, V>>,
  ): Promise<Map<string, V>> {
    const asOf = generation
    const loaded = await load(missing)
    for (const key of missing) {
      // What changed while it was being read must not stay.
      const changed = (forgotten.get(key) ?? 0) > asOf
      if (!changed) cache.set(key, { view: loaded.get(key) ?? null })
    }
    return loaded
  }

  return {
    async many(keys, load) {
      const found = new Map<string, V>()
      const missing: string[] = []
      for (const key of new Set(keys)) {
        const known = cache.get(key)
        if (!known) missing.push(key)
        else if (known.view) found.set(key, known.view)
      }
      if (missing.length === 0) return found
      for (const [key, view] of await loadMissing(missing, load)) found.set(key, view)
      return found
    },
    forget(keys) {
      generation += 1
      for (const key of keys) {
        cache.delete(key)
        forgotten.set(key, generation)
      }
    },
    clear() {
      generation += 1
      cache.clear()
      forgotten.clear()
    },
  }
}
