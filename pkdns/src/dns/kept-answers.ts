import type { PublicKeyZ32 } from '@pubky/protocol'
import { LRUCache } from 'lru-cache'
import type { Answer } from './answer.ts'

/** An answer with what its popularity tells. */
export interface KeptAnswer {
  answer: Answer
  keys: readonly PublicKeyZ32[]
  hits: number
  isRefreshing: boolean
}

/** Object, key text and index of an entry, roughly. */
const OVERHEAD_BYTES = 1300

/** Encoded answers within a bound of bytes, the least recently used forgotten first. */
export function createKeptAnswers(maxBytes: number) {
  const byKey = new Map<PublicKeyZ32, Set<string>>()
  const answers = new LRUCache<string, KeptAnswer>({
    maxSize: Math.max(maxBytes, 1),
    sizeCalculation: ({ answer }) => answer.bytes.length + OVERHEAD_BYTES,
    dispose: ({ keys }, name) => {
      for (const key of keys) {
        const names = byKey.get(key)
        names?.delete(name)
        if (names?.size === 0) byKey.delete(key)
      }
    },
  })

  return {
    get: (name: string): KeptAnswer | undefined => answers.get(name),
    set(name: string, answer: Answer, keys: Iterable<PublicKeyZ32>): void {
      const hits = answers.peek(name)?.hits ?? 0
      const kept = { answer, keys: [...keys], hits: Math.floor(hits / 2), isRefreshing: false }
      answers.set(name, kept)
      // After the set: replacing an entry has just taken its names away.
      for (const key of kept.keys) {
        const names = byKey.get(key)
        if (names) names.add(name)
        else byKey.set(key, new Set([name]))
      }
    },
    /** Forgets every answer that depends on a key. */
    forget(key: PublicKeyZ32): void {
      for (const name of [...(byKey.get(key) ?? [])]) answers.delete(name)
    },
    stats: () => ({ entries: answers.size, bytes: answers.calculatedSize }),
  }
}
