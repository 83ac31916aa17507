import type { StoragePath } from '@pubky/protocol'
import { PubkyError, type Session } from '@pubky/sdk'
import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import { type Operation, playOperations } from './play.ts'

/** A session whose writes go to `put`; nothing else of it is used. */
function sessionThat(put: (path: string) => Promise<void>): Session {
  const storage = {
    put: async (path: string) => {
      await put(path)
      return { outcome: 'stored' }
    },
  }
  return { storage } as unknown as Session
}

function operation(id: number, author: string, after: number[] = []): Operation {
  return { id, author, path: `/pub/${id}` as StoragePath, body: new Uint8Array(), after }
}

const tick = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('playing', () => {
  it('keeps the order of each author and waits for references, at most so many at once', async () => {
    const steps = fc.array(
      fc.record({ author: fc.constantFrom('a', 'b', 'c', 'd'), refers: fc.nat() }),
      { maxLength: 40 },
    )
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), async (list, concurrency) => {
        const operations = list.map(({ author, refers }, i) =>
          operation(i + 1, author, i > 0 ? [(refers % i) + 1] : []),
        )
        const finished: number[] = []
        const opened: string[] = []
        let running = 0
        let most = 0
        await playOperations(operations, {
          concurrency,
          open: async (author) => {
            opened.push(author)
            return sessionThat(async (path) => {
              const id = Number(path.slice('/pub/'.length))
              const { after } = operations[id - 1] ?? operation(0, '')
              expect(after.every((other) => finished.includes(other))).toBe(true)
              running += 1
              most = Math.max(most, running)
              for (let i = 0; i < id % 3; i += 1) await tick()
              running -= 1
              finished.push(id)
            })
          },
        })
        expect(finished.toSorted((a, b) => a - b)).toEqual(operations.map(({ id }) => id))
        expect(most).toBeLessThanOrEqual(concurrency)
        expect(opened).toHaveLength(new Set(list.map(({ author }) => author)).size)
        for (const author of opened) {
          const own = finished.filter((id) => list[id - 1]?.author === author)
          expect(own).toEqual(own.toSorted((a, b) => a - b))
        }
      }),
      { numRuns: 40 },
    )
  })

  it('sends nothing that is done, and opens no session for it', async () => {
    const opened: string[] = []
    await playOperations([operation(1, 'a'), operation(2, 'b')], {
      isDone: (id) => id === 1,
      open: async (author) => {
        opened.push(author)
        return sessionThat(async () => {})
      },
    })
    expect(opened).toEqual(['b'])
  })

  it('reports what the server refuses and plays the rest', async () => {
    const done: number[] = []
    const failures = await playOperations(
      [operation(1, 'a'), operation(2, 'a'), operation(3, 'b', [1])],
      {
        open: async () =>
          sessionThat(async (path) => {
            if (path === '/pub/1') throw new PubkyError('quota_exceeded', { status: 507 })
          }),
        onDone: (id) => done.push(id),
      },
    )
    expect(failures.map(({ operation: { id }, error }) => [id, error.code])).toEqual([
      [1, 'quota_exceeded'],
    ])
    expect(done.toSorted()).toEqual([2, 3])
  })

  it('takes what lies there already as done', async () => {
    const done: number[] = []
    await playOperations([operation(1, 'a')], {
      open: async () => sessionThat(() => Promise.reject(new PubkyError('already_exists'))),
      onDone: (id) => done.push(id),
    })
    expect(done).toEqual([1])
  })

  it('repeats a write that met an outage', async () => {
    let tries = 0
    await playOperations([operation(1, 'a')], {
      open: async () =>
        sessionThat(async () => {
          tries += 1
          if (tries < 3) throw new PubkyError('network')
        }),
    })
    expect(tries).toBe(3)
  })

  it('ends at the first fault of its own, with that fault', async () => {
    const fault = new TypeError('broken')
    const written: string[] = []
    const playing = playOperations([operation(1, 'a'), operation(2, 'a'), operation(3, 'b', [1])], {
      open: async () =>
        sessionThat(async (path) => {
          written.push(path)
          throw fault
        }),
    })
    await expect(playing).rejects.toBe(fault)
    expect(written).toEqual(['/pub/1'])
  })

  it('stops when asked', async () => {
    const stop = new AbortController()
    const done: number[] = []
    const playing = playOperations([operation(1, 'a'), operation(2, 'a')], {
      signal: stop.signal,
      open: async () => sessionThat(async () => stop.abort(new DOMException('stop', 'AbortError'))),
      onDone: (id) => done.push(id),
    })
    await expect(playing).rejects.toThrow('stop')
    expect(done).toEqual([1])
  })
})
