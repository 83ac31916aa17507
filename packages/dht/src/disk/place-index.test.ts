import { fc } from '@pubky/testkit/properties'
import { expect, it } from 'vitest'
import { createPlaceIndex, type Place } from './place-index.ts'

const keyOf = (n: number) => Uint8Array.from({ length: 32 }, (_, i) => (n >> ((i % 2) * 8)) & 255)

type Step =
  | { kind: 'set'; key: number; at: number }
  | { kind: 'remove'; key: number }
  | { kind: 'touch'; key: number }
  | { kind: 'removeOldest' }
  | { kind: 'move' }

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('set' as const), key: fc.nat(60), at: fc.nat() }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), key: fc.nat(60) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('touch' as const), key: fc.nat(60) }) },
    fc.record({ kind: fc.constant('removeOldest' as const) }),
    fc.record({ kind: fc.constant('move' as const) }),
  ) as fc.Arbitrary<Step>,
  { maxLength: 300 },
)

// covers 8.9.2
it('does what an ordered map does', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const index = createPlaceIndex()
      const model = new Map<number, Place>()
      for (const step of history) {
        if (step.kind === 'set') {
          const place = { at: step.at, length: step.at % 1200 }
          expect(index.remove(keyOf(step.key))).toEqual(model.get(step.key) ?? null)
          index.add(keyOf(step.key), place)
          model.delete(step.key)
          model.set(step.key, place)
        } else if (step.kind === 'remove') {
          expect(index.remove(keyOf(step.key))).toEqual(model.get(step.key) ?? null)
          model.delete(step.key)
        } else if (step.kind === 'touch') {
          index.touch(keyOf(step.key))
          const place = model.get(step.key)
          model.delete(step.key)
          if (place) model.set(step.key, place)
        } else if (step.kind === 'removeOldest') {
          const [oldest] = model
          expect(index.removeOldest()).toEqual(oldest?.[1] ?? null)
          if (oldest) model.delete(oldest[0])
        } else {
          const visited: Place[] = []
          const settle = await index.rewrite(async (place) => visited.push(place))
          expect(visited).toEqual([...model.values()])
          settle()
          for (const [at, [key, { length }]] of [...model].entries())
            model.set(key, { at: at + 1, length })
        }
        expect(index.size).toBe(model.size)
      }
      for (let key = 0; key <= 60; key += 1)
        expect(index.get(keyOf(key))).toEqual(model.get(key) ?? null)
    }),
    { numRuns: 200 },
  )
})

it('holds many thousand, grown from nothing, and lets go of the oldest', () => {
  const index = createPlaceIndex()
  for (let n = 0; n < 50_000; n += 1) index.add(keyOf(n), { at: n, length: n % 1000 })
  for (let n = 0; n < 50_000; n += 1) expect(index.get(keyOf(n))?.at).toBe(n)
  for (let n = 0; n < 20_000; n += 1) expect(index.removeOldest()?.at).toBe(n)
  expect([index.size, index.get(keyOf(19_999)), index.get(keyOf(20_000))?.at]).toEqual([
    30_000,
    null,
    20_000,
  ])
})

it('lets entries go while it is being rewritten', async () => {
  const index = createPlaceIndex()
  for (let n = 0; n < 10; n += 1) index.add(keyOf(n), { at: n, length: 1 })
  const settle = await index.rewrite(async ({ at }) => {
    if (at === 3) for (const gone of [2, 3, 4, 5]) index.remove(keyOf(gone))
    return at + 100
  })
  settle()
  expect(Array.from({ length: 10 }, (_, n) => index.get(keyOf(n))?.at ?? null)).toEqual([
    100,
    101,
    null,
    null,
    null,
    null,
    106,
    107,
    108,
    109,
  ])
})
