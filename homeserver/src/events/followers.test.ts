import { randomKeypair } from '@pubky/protocol'
import { expect, it } from 'vitest'
import { createFollowers } from './followers.ts'
import type { EventRow } from './rows.ts'

const [ann, bob] = [randomKeypair().publicKey, randomKeypair().publicKey]
let serial = 0n

function event(user = ann): EventRow {
  serial += 1n
  return { id: serial, kind: 'PUT', user, path: '/pub/x', hash: null, proof: null }
}

it('gives everybody the events of whom they follow, and wakes nobody else', async () => {
  const followers = createFollowers()
  const [one, both] = [followers.add([ann]), followers.add([ann, bob])]
  const given: (readonly EventRow[])[] = []
  const waiting = one.handOn(AbortSignal.timeout(120_000), (events) => given.push(events) < 2)
  const ofBob = event(bob)
  followers.tell([ofBob])
  expect([both.take(), one.take(), given]).toEqual([[ofBob], [], []])
  const ofAnn = [event(), event()]
  followers.tell(ofAnn)
  expect(given).toEqual([ofAnn])
  // The very same ones, so that what is made of them is made once.
  expect(both.take()?.[0]).toBe(ofAnn[0])
  const [second, third] = [event(), event()]
  followers.tell([second])
  await waiting
  // Who can take no more for now finds the rest later.
  followers.tell([third])
  expect([given, one.take()]).toEqual([[ofAnn, [second]], [third]])
})

it('ends at once for who has left something or too much behind', async () => {
  const followers = createFollowers()
  const slow = followers.add([ann])
  const never = () => {
    throw new Error('was given something')
  }
  followers.tell([event()])
  await slow.handOn(AbortSignal.timeout(120_000), never)
  expect(slow.take()).toHaveLength(1)
  const waiting = slow.handOn(AbortSignal.timeout(120_000), never)
  followers.tell(Array.from({ length: 1025 }, () => event()))
  await waiting
  expect(slow.take()).toBeNull()
})

it('hands on no more in one go than a reader is to hold, and leaves the rest to be taken', async () => {
  const followers = createFollowers()
  const follower = followers.add([ann])
  const given: number[] = []
  const going = follower.handOn(
    AbortSignal.timeout(120_000),
    ({ length }) => given.push(length) > 0,
  )
  for (const length of [100, 101]) followers.tell(Array.from({ length }, () => event()))
  await going
  expect([given, follower.take()?.length]).toEqual([[100], 101])
})

it('lets the failure of one reader reach that reader alone', async () => {
  const followers = createFollowers()
  const [broken, whole] = [followers.add([ann]), followers.add([ann])]
  const failing = broken.handOn(AbortSignal.timeout(120_000), () => {
    throw new Error('cannot write')
  })
  const given: (readonly EventRow[])[] = []
  const going = whole.handOn(AbortSignal.timeout(120_000), (events) => given.push(events) < 2)
  const both = [[event()], [event()]]
  for (const one of both) followers.tell(one)
  await expect(failing).rejects.toThrow('cannot write')
  await going
  expect(given).toEqual(both)
})

it('keeps no more than a bounded number for who does not take them, and goes on afterwards', () => {
  const followers = createFollowers()
  const slow = followers.add([ann])
  followers.tell(Array.from({ length: 1025 }, () => event()))
  followers.tell([event()])
  expect(slow.take()).toBeNull()
  const next = event()
  followers.tell([next])
  expect(slow.take()).toEqual([next])
})

it('forgets who is gone, and does not wait for who went away', async () => {
  const followers = createFollowers()
  const gone = followers.add([ann, bob])
  await gone.handOn(AbortSignal.abort(), () => true)
  const away = new AbortController()
  const waiting = gone.handOn(away.signal, () => true)
  away.abort()
  await waiting
  gone[Symbol.dispose]()
  expect(followers.size).toBe(0)
  followers.tell([event()])
  expect(gone.take()).toEqual([])
})
