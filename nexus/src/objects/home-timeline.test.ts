import type { Micros, PublicKeyZ32 } from '@pubky/protocol'
import { expect, it } from 'vitest'
import { homeTimeline } from './home-timeline.ts'

const [A, B] = ['host a', 'host b'] as unknown as [PublicKeyZ32, PublicKeyZ32]
const home = (host: PublicKeyZ32 | null, at: number) => ({
  host,
  recordMicros: BigInt(at) as Micros,
  receivedAtMs: at,
})

it('gives an entry the epoch of its host at the time it came', () => {
  const { epochOf } = homeTimeline([home(A, 10), home(B, 20), home(A, 30)])
  expect([epochOf(A, 15), epochOf(B, 25), epochOf(A, 35)]).toEqual([0, 1, 2])
})

it('keeps what comes before its home for the next time that host is the home', () => {
  const { epochOf } = homeTimeline([home(A, 10), home(B, 20), home(A, 30)])
  expect([epochOf(A, 5), epochOf(B, 15), epochOf(A, 25)]).toEqual([0, 1, 2])
})

it('gives no epoch to a host that is no longer the home and does not become it again', () => {
  const { epochOf } = homeTimeline([home(A, 10), home(B, 20), home(null, 30)])
  expect([epochOf(A, 21), epochOf(B, 31)]).toEqual([null, null])
  expect(homeTimeline([]).epochOf(A, 5)).toBeNull()
})

it('does not depend on the order of the records, nor on how often they are told', () => {
  const homes = [home(A, 10), home(A, 12), home(B, 20), home(A, 30)]
  const mixed = [homes[2], homes[0], homes[3], homes[2], homes[1]].flatMap((h) => h ?? [])
  expect(homeTimeline(mixed).epochs).toEqual(homeTimeline(homes).epochs)
  expect(homeTimeline(homes).epochs).toHaveLength(3)
  expect(homeTimeline([home(null, 1), ...homes]).knownSince).toBe(10)
})
