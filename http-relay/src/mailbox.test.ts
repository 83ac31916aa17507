import { ServiceError } from '@pubky/server-kit'
import { expect, test } from 'vitest'
import { createMailbox } from './mailbox.ts'

const message = (text: string) => ({ body: new TextEncoder().encode(text), contentType: null })
const { signal } = new AbortController()
const wait = { waitMs: 1000, address: 'a', signal }

function create(o: { maxEntries?: number; maxEntriesPerAddress?: number } = {}) {
  const clock = { ms: 0 }
  const mailbox = createMailbox({
    maxEntries: 10,
    maxEntriesPerAddress: 10,
    maxWaiting: 100,
    maxWaitingPerAddress: 100,
    nowMs: () => clock.ms,
    ...o,
  })
  const post = (id: string, address = 'a') => mailbox.post(id, message(id), { address, ttlMs: 100 })
  const holds = (id: string) => {
    try {
      return mailbox.isAcknowledged(id) || true
    } catch {
      return false
    }
  }
  return { clock, mailbox, post, holds }
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof ServiceError ? error.code : String(error)),
  )

test('when the mailbox is full, the oldest message goes and its sender is told', async () => {
  const { mailbox, post, holds } = create({ maxEntries: 2 })
  await post('one')
  const sender = codeOf(mailbox.untilAcknowledged('one', wait))
  await post('two')
  await post('three')
  expect(await sender).toBe('message_gone')
  expect(['one', 'two', 'three'].map(holds)).toEqual([false, true, true])
})

test('a message that is sent again counts as new', async () => {
  const { post, holds } = create({ maxEntries: 2 })
  for (const id of ['one', 'two', 'one', 'three']) await post(id)
  expect(['one', 'two', 'three'].map(holds)).toEqual([true, false, true])
})

test('who sends too much loses only the own messages', async () => {
  const { post, holds } = create({ maxEntriesPerAddress: 2 })
  await post('other', 'b')
  for (const id of ['one', 'two', 'three']) await post(id)
  expect(['other', 'one', 'two', 'three'].map(holds)).toEqual([true, false, true, true])
})

test('a sweep removes what has expired with those who wait for it, and keeps those who wait for nothing yet', async () => {
  const { clock, mailbox, post } = create()
  await post('old')
  const sender = codeOf(mailbox.untilAcknowledged('old', wait))
  await post('acked')
  await mailbox.acknowledge('acked')
  const reader = codeOf(mailbox.read('acked', wait))
  const hopeful = mailbox.read('future', wait)
  expect(mailbox.sweep()).toBe(0)
  clock.ms = 100
  expect(mailbox.sweep()).toBe(2)
  expect([await sender, await reader]).toEqual(['message_gone', 'message_gone'])
  expect(mailbox.stats()).toEqual({ entries: 0, waiting: 1 })
  await post('future')
  expect(new TextDecoder().decode((await hopeful).body)).toBe('future')
  expect(mailbox.stats()).toEqual({ entries: 1, waiting: 0 })
})

test('nothing is acknowledged after its time', async () => {
  const { clock, mailbox, post } = create()
  await post('a')
  clock.ms = 100
  expect(await codeOf(mailbox.acknowledge('a'))).toBe('no_message')
})
