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
  let woken = false
  const waiting = one.ready(AbortSignal.timeout(120_000)).then(() => {
    woken = true
  })
  const ofBob = event(bob)
  followers.tell([ofBob])
  await both.ready(AbortSignal.timeout(120_000))
  expect([both.take(), one.take(), woken]).toEqual([[ofBob], [], false])
  const ofAnn = [event(), event()]
  followers.tell(ofAnn)
  await waiting
  expect(one.take()).toEqual(ofAnn)
  // The very same ones, so that what is made of them is made once.
  expect(both.take()?.[0]).toBe(ofAnn[0])
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
  await gone.ready(AbortSignal.abort())
  const away = new AbortController()
  const waiting = gone.ready(away.signal)
  away.abort()
  await waiting
  gone[Symbol.dispose]()
  expect(followers.size).toBe(0)
  followers.tell([event()])
  expect(gone.take()).toEqual([])
})
