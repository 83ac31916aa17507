import { expect, test } from 'vitest'
import type { KeptMirror } from './data/mirror-place.ts'
import type { Pending } from './outbox/actions.ts'
import { quietMs, STUCK_AFTER_MS, type StandstillFacts, standstills } from './standstill.ts'

const QUIET: StandstillFacts = { ended: false, move: null, pending: [], oldest: null, mirror: null }
const kept: KeptMirror = { v: 1, to: 'home-two', freshAtMs: 7, place: null }
const move = { to: 'home-two', step: 'copy' } as NonNullable<StandstillFacts['move']>

function pending(id: string, state: Pending['state']): Pending {
  const action = { type: 'follow', user: id, on: true } as const
  return { id, action, state, reason: null, sentAtMs: null }
}

function kinds(facts: Partial<StandstillFacts>): string[] {
  return standstills({ ...QUIET, ...facts }).map(({ kind }) => kind)
}

test('nothing is said while everything goes on', () => {
  expect(kinds({})).toEqual([])
  expect(kinds({ pending: [pending('a', 'waiting'), pending('b', 'sent')] })).toEqual([])
  for (const status of ['opening', 'copying', 'fresh', 'promoting', 'home'] as const)
    expect(kinds({ mirror: { kept, status, isElsewhere: false } })).toEqual([])
})

test('a mirror that no tab runs is paused, and one in trouble is told', () => {
  expect(standstills({ ...QUIET, mirror: { kept, status: 'idle', isElsewhere: false } })).toEqual([
    { kind: 'mirrorPaused', mark: 'home-two:7', freshAtMs: 7 },
  ])
  expect(kinds({ mirror: { kept, status: 'idle', isElsewhere: true } })).toEqual([])
  for (const status of ['trouble', 'failed'] as const)
    expect(kinds({ mirror: { kept, status, isElsewhere: false } })).toEqual(['mirrorTrouble'])
})

test('what was published of a move is more pressing than what was not', () => {
  expect(kinds({ move })).toEqual(['moveUnfinished'])
  for (const step of ['publish', 'follow'] as const)
    expect(kinds({ move: { ...move, step } })).toEqual(['movePublished'])
})

test('what waits is told after a minute, what was refused at once', () => {
  const list = [pending('a', 'waiting'), pending('b', 'waiting'), pending('c', 'failed')]
  const oldest = { id: 'a', forMs: STUCK_AFTER_MS }
  expect(standstills({ ...QUIET, pending: list, oldest })).toEqual([
    { kind: 'refused', mark: 'c', count: 1 },
    { kind: 'waiting', mark: 'a', count: 2 },
  ])
  expect(kinds({ pending: list, oldest: { id: 'a', forMs: 1 } })).toEqual(['refused'])
})

test('an ended session comes first, and is why nothing is sent', () => {
  const list = [pending('a', 'waiting')]
  const oldest = { id: 'a', forMs: STUCK_AFTER_MS }
  expect(kinds({ ended: true, pending: list, oldest, move })).toEqual(['ended', 'moveUnfinished'])
})

test('what costs nothing to leave alone is not told again for longer', () => {
  const [ended] = standstills({ ...QUIET, ended: true })
  const [paused] = standstills({ ...QUIET, mirror: { kept, status: 'idle', isElsewhere: false } })
  expect(ended && paused && quietMs(paused) > quietMs(ended)).toBe(true)
})
