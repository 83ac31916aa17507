import { type EventId, keypairFromSeed, parseEventId, toBase64 } from '@pubky/protocol'
import { fc } from '@pubky/testkit/properties'
import { describe, expect, test } from 'vitest'
import { createClock } from './clock.ts'
import { PubkyError } from './errors.ts'
import { readEvents } from './events.ts'
import { parseFrame, parsePage } from './feed-event.ts'
import type { Host, Hosts } from './host.ts'
import type { EventsQuery, HomeEvent } from './types.ts'

const USER = keypairFromSeed(new Uint8Array(32).fill(1)).publicKey
const OTHER = keypairFromSeed(new Uint8Array(32).fill(2)).publicKey
const HASH = new Uint8Array(32).fill(9)
const line = (n: number, user = USER) => `PUT pubky://${user}/pub/a/${n}`
const frame = (n: number | string, user = USER) =>
  `event: PUT\ndata: pubky://${user}/pub/a/${n}\ndata: cursor: ${n}\ndata: content_hash: ${toBase64(HASH)}\n\n`
const id = (n: number): EventId => parseEventId(String(n))

/** A host that gives its answers one after the other, then says no more. */
function scriptedHosts(
  answers: (string | Error)[],
  features: string[] = [],
): { hosts: Hosts; paths: string[] } {
  const paths: string[] = []
  const host: Host = {
    key: OTHER,
    origin: 'http://host.test',
    features: new Set(features),
    clock: createClock(() => 0n as never),
    async fetch(_, path) {
      paths.push(path)
      const answer = answers.shift() ?? new PubkyError('forbidden')
      if (answer instanceof Error) throw answer
      const isStream = answer.startsWith('event:') || answer.startsWith(':')
      return new Response(answer, {
        headers: { 'content-type': isStream ? 'text/event-stream' : 'text/plain' },
      })
    },
  }
  return { hosts: { find: async () => host }, paths }
}

async function collect(
  hosts: Hosts,
  q: EventsQuery,
): Promise<{ events: HomeEvent[]; error: unknown }> {
  const events: HomeEvent[] = []
  try {
    for await (const event of readEvents(hosts, OTHER, q)) events.push(event)
    return { events, error: null }
  } catch (error) {
    return { events, error }
  }
}

const cursors = (events: HomeEvent[]) => events.map(({ cursor }) => cursor)

describe('the feed of a host', () => {
  test('is read page by page to its end; a resumed reader repeats and never skips', async () => {
    const pages = [`${line(1)}\n${line(2)}\ncursor: 5`, `${line(6)}\ncursor: 6`, '']
    const { hosts, paths } = scriptedHosts(pages)
    const { events, error } = await collect(hosts, {})
    expect(error).toBeNull()
    expect(cursors(events)).toEqual(['0', '5', '6'])
    expect(paths.map((path) => path.split('&')[0])).toEqual([
      '/events/?cursor=0',
      '/events/?cursor=5',
      '/events/?cursor=6',
    ])
  })

  test('is followed by polling where there is no live form', async () => {
    const { hosts } = scriptedHosts(['', '', `${line(1)}\ncursor: 1`, ''])
    const { events, error } = await collect(hosts, { live: true })
    expect(cursors(events)).toEqual(['1'])
    expect(error).toMatchObject({ code: 'forbidden' })
  })

  test('is followed live where it can be, and resumed after every break', async () => {
    const { hosts, paths } = scriptedHosts(
      [frame(3) + frame(4), new PubkyError('network'), `: quiet\n\n${frame(9)}`],
      ['events-live'],
    )
    const { events } = await collect(hosts, { live: true, cursor: id(2) })
    expect(cursors(events)).toEqual(['3', '4', '9'])
    expect(events[0]?.hash).toEqual(HASH)
    expect(paths.slice(0, 3)).toEqual([
      '/events/?cursor=2',
      '/events/?cursor=4',
      '/events/?cursor=4',
    ])
  })

  test.each([
    ['a page that does not move', [`${line(1)}\ncursor: 1`, `${line(1)}\ncursor: 1`]],
    ['a page that goes back', [`${line(5)}\ncursor: 5`, `${line(2)}\ncursor: 2`]],
  ])('%s is an error', async (_, pages) => {
    const { error } = await collect(scriptedHosts(pages).hosts, {})
    expect(error).toMatchObject({ code: 'cursor_backwards' })
  })

  test.each([
    ['goes back', frame(5) + frame(4), 'cursor_backwards'],
    ['repeats itself', frame(5) + frame(5), 'cursor_backwards'],
    ['has no cursor', 'event: PUT\ndata: pubky://x/pub/a\n\n', 'bad_answer'],
    ['never ends its line', `event: ${'x'.repeat(40_000)}`, 'stream_overrun'],
    ['is no stream', 'hello', 'bad_answer'],
  ])('a live feed that %s is an error', async (_, text, code) => {
    const { error } = await collect(scriptedHosts([text], ['events-live']).hosts, { live: true })
    expect(error).toMatchObject({ code })
  })

  test('without live, an outage ends the reading after some tries', async () => {
    const down = Array.from({ length: 9 }, () => new PubkyError('network'))
    const { hosts, paths } = scriptedHosts(down)
    expect((await collect(hosts, {})).error).toMatchObject({ code: 'network' })
    expect(paths.length).toBe(5)
  })

  test('ends with its signal', async () => {
    const { hosts } = scriptedHosts(Array.from({ length: 99 }, () => ''))
    const control = new AbortController()
    setTimeout(() => control.abort(new Error('enough')), 30)
    const reading = (async () => {
      for await (const _ of readEvents(hosts, OTHER, { live: true }, control)) {
        // Nothing comes.
      }
    })()
    await expect(reading).rejects.toThrow('enough')
  })
})

describe('the stream of some users', () => {
  // covers 11.1.37a, 11.4.3a
  test('is resumed with a cursor for each user', async () => {
    const answers = [frame(3) + frame(2, OTHER), new PubkyError('timeout'), `: hi\n\n${frame(4)}`]
    const { hosts, paths } = scriptedHosts(answers)
    const users = [{ user: USER, cursor: id(1) }, { user: OTHER }]
    const { events } = await collect(hosts, { users, live: true, paths: ['/pub/a/'] })
    expect(events.map(({ user, cursor }) => [user, cursor])).toEqual([
      [USER, '3'],
      [OTHER, '2'],
      [USER, '4'],
    ])
    const asked = paths.map((path) => new URL(path, 'http://h').searchParams.getAll('user'))
    expect(asked[0]).toEqual([`${USER}:1`, OTHER])
    expect(asked[1]).toEqual([`${USER}:3`, `${OTHER}:2`])
  })

  test('an event of somebody else is an error', async () => {
    const { hosts } = scriptedHosts([frame(3, OTHER)])
    const { error } = await collect(hosts, { users: [{ user: USER }] })
    expect(error).toMatchObject({ code: 'bad_answer' })
  })
})

test('any text is a page, a frame, or one of the listed errors', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constant(line(1)),
    fc.nat().map((n) => `cursor: ${n}`),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      for (const read of [
        () => parsePage(parts.join('\n'), id(0), 10),
        () => parseFrame({ event: 'PUT', data: parts }),
      ]) {
        try {
          read()
        } catch (error) {
          expect(error).toBeInstanceOf(PubkyError)
        }
      }
    }),
  )
})

test('paths of a feed are not decoded again, and impossible ones are left out', () => {
  const text = `PUT pubky://${USER}/pub/a%20b\nPUT pubky://${USER}/pub/../x\nDEL pubky://${'y'.repeat(52)}/pub/a\ncursor: 3`
  expect(parsePage(text, id(0), 10)?.events.map(({ path }) => path)).toEqual(['/pub/a%20b'])
})
