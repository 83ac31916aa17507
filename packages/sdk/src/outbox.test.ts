import {
  keypairFromSeed,
  parseStrictPath,
  randomKeypair,
  type StoragePath,
  signerFromKeypair,
  toMicros,
  utf8,
} from '@pubky/protocol'
import { createModelHomeserver, type ModelHomeserver } from '@pubky/testkit/model-homeserver'
import { fc } from '@pubky/testkit/properties'
import { describe, expect, test } from 'vitest'
import { PubkyError } from './errors.ts'
import {
  createOutbox,
  type NewAction,
  type Outbox,
  type OutboxEvent,
  type OutboxSend,
  type OutboxStorage,
} from './outbox.ts'
import { createPubky } from './pubky.ts'

const START_MS = 1_700_000_000_000
const PATHS = ['/pub/a/1', '/pub/a/2', '/pub/a/3'].map(parseStrictPath)

function memoryStorage(isFailing: () => boolean = () => false): OutboxStorage {
  const kept = new Map<string, unknown>()
  return {
    list: async (prefix) =>
      [...kept].filter(([key]) => key.startsWith(prefix)).map(([k, v]) => [k, structuredClone(v)]),
    get: async (key) => structuredClone(kept.get(key)),
    async write(changes) {
      if (isFailing()) throw new Error('the disk is full')
      for (const [key, value] of changes.set) kept.set(key, structuredClone(value))
      for (const key of changes.delete) kept.delete(key)
    },
  }
}

/** Time that passes only where the outbox waits for it. */
function jumpingClock() {
  let ms = START_MS
  return {
    now: () => ms,
    micros: () => toMicros(BigInt(ms) * 1000n),
    pass: (by: number) => {
      ms += by
    },
    timer(wait: number, run: () => void) {
      const timer = setTimeout(() => {
        ms += wait
        run()
      }, 0)
      return () => clearTimeout(timer)
    },
  }
}

function put(id: string, path: StoragePath, create = false): NewAction {
  return { id, writes: [{ method: 'PUT', path, body: utf8(id), create }], undo: id }
}

function drop(id: string, path: StoragePath): NewAction {
  return { id, writes: [{ method: 'DELETE', path }], undo: id }
}

/** An outbox whose sends are decided by the test. */
function scripted(send: OutboxSend, storage = memoryStorage(), online = () => true) {
  const clock = jumpingClock()
  const outbox = createOutbox({
    storage,
    send,
    now: clock.now,
    timer: clock.timer,
    random: () => 0.5,
    online,
  })
  const events: OutboxEvent[] = []
  outbox.subscribe((event) => events.push(event))
  const told = () =>
    events.map((event) => ('action' in event ? `${event.type} ${event.action.id}` : event.type))
  return { outbox, clock, events, told }
}

const [PATH, OTHER] = PATHS as [StoragePath, StoragePath]

describe('the outbox', () => {
  test('sends the writes of one path in order and of different paths four at a time', async () => {
    const open = new Map<string, () => void>()
    let most = 0
    const { outbox, told } = scripted(({ path }) => {
      most = Math.max(most, open.size + 1)
      return new Promise((resolve) => {
        open.set(path, () => {
          open.delete(path)
          resolve('stored')
        })
      })
    })
    for (let i = 0; i < 6; i++) await outbox.add(put(`x${i}`, parseStrictPath(`/pub/x/${i}`)))
    await expect.poll(() => open.size).toBe(4)
    // The first one is on its way, so that the second cannot take its place.
    await outbox.add(put('later', parseStrictPath('/pub/x/0')))
    while (outbox.snapshot().length > 0) {
      for (const finish of [...open.values()]) finish()
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
    expect(most).toBe(4)
    expect(told().filter((text) => text.startsWith('done')).length).toBe(7)
    expect(told().indexOf('done x0')).toBeLessThan(told().indexOf('done later'))
  })

  test('a later action takes the place of a waiting one and keeps what undoes both', async () => {
    const { outbox, events, told } = scripted(
      async () => 'stored',
      memoryStorage(),
      () => false,
    )
    await outbox.add(put('one', PATH))
    await outbox.add(put('two', PATH))
    await outbox.add(put('other', OTHER))
    expect(told()).toEqual(['added one', 'collapsed one', 'added two', 'added other'])
    expect(events[1]).toMatchObject({ into: 'two' })
    expect(outbox.snapshot().map(({ id, undo }) => [id, undo])).toEqual([
      ['two', ['one', 'two']],
      ['other', ['other']],
    ])
  })

  test('a new object that is deleted before it was sent leaves nothing to send', async () => {
    const { outbox, told } = scripted(
      async () => 'stored',
      memoryStorage(),
      () => false,
    )
    await outbox.add(put('tag', PATH, true))
    await outbox.add(drop('untag', PATH))
    expect(outbox.snapshot()).toEqual([])
    expect(told()).toEqual(['added tag', 'collapsed tag'])
  })

  test('the deletion of an object that may exist is sent', async () => {
    const { outbox } = scripted(
      async () => 'stored',
      memoryStorage(),
      () => false,
    )
    await outbox.add(put('edit', PATH))
    await outbox.add(drop('delete', PATH))
    expect(outbox.snapshot().map(({ id }) => id)).toEqual(['delete'])
  })

  test.each([
    'bad_request',
    'forbidden',
    'path_collision',
    'conflict',
    'too_large',
    'quota_exceeded',
    'already_exists',
  ] as const)(
    '%s is final, is kept with its reason, and can be retried or dismissed',
    async (code) => {
      let isRefusing = true
      const storage = memoryStorage()
      const send: OutboxSend = async () => {
        if (isRefusing) throw new PubkyError(code)
        return 'stored'
      }
      const { outbox, events } = scripted(send, storage)
      await outbox.add(put('one', PATH))
      await outbox.idle()
      expect(events.at(-1)).toMatchObject({
        type: 'refused',
        action: { id: 'one', reason: { code }, undo: ['one'] },
      })
      await outbox.stop()
      const again = scripted(send, storage)
      await again.outbox.ready
      expect(again.outbox.snapshot()).toMatchObject([{ id: 'one', state: 'refused' }])
      isRefusing = false
      expect(await again.outbox.retry('one')).toBe(true)
      await again.outbox.idle()
      expect(again.told()).toEqual(['done one'])
      expect(await again.outbox.dismiss('one')).toBe(false)
    },
  )

  test('the wait doubles from one second to five minutes, and Retry-After counts', async () => {
    const times: number[] = []
    const { outbox, clock } = scripted(async () => {
      times.push(clock.now())
      if (times.length === 3) throw new PubkyError('rate_limited', { retryAfterSeconds: 77 })
      if (times.length < 14) throw new PubkyError('network')
      return 'stored'
    })
    await outbox.add(put('one', PATH))
    await outbox.idle()
    const waits = times.slice(1).map((time, i) => time - (times[i] ?? 0))
    expect(waits.slice(0, 4)).toEqual([750, 1500, 77_000, 6000])
    expect(Math.max(...waits)).toBe(225_000)
  })

  test('what goes wrong on this side of the line is tried again', async () => {
    let count = 0
    const { outbox, told } = scripted(async () => {
      count += 1
      if (count < 3) throw new Error('the key is locked')
      return 'stored'
    })
    await outbox.add(put('one', PATH))
    await outbox.idle()
    expect(told()).toEqual(['added one', 'done one'])
  })

  test('an ended session pauses everything until the next sign-in', async () => {
    let hasSession = false
    const { outbox, told } = scripted(async () => {
      if (!hasSession) throw new PubkyError('unauthorized')
      return 'stored'
    })
    await outbox.add(put('one', PATH))
    await outbox.idle()
    expect(outbox.paused).toBe(true)
    hasSession = true
    outbox.resume()
    await outbox.idle()
    expect(told()).toEqual(['added one', 'paused', 'resumed', 'done one'])
  })

  test('only what was not sent can be cancelled', async () => {
    let isOnline = false
    const { outbox } = scripted(
      () => new Promise(() => {}),
      memoryStorage(),
      () => isOnline,
    )
    await outbox.add(put('one', PATH))
    expect(await outbox.cancel('one')).toBe(true)
    await outbox.add(put('two', PATH))
    isOnline = true
    outbox.wake()
    expect(await outbox.cancel('two')).toBe(false)
    expect(await outbox.cancel('three')).toBe(false)
  })

  test('bad actions are refused and change nothing', async () => {
    const { outbox } = scripted(
      async () => 'stored',
      memoryStorage(),
      () => false,
    )
    const bad: NewAction[] = [
      { id: '', writes: [{ method: 'DELETE', path: PATH }] },
      { id: 'x', writes: [] },
      { id: 'x', writes: [{ method: 'PUT', path: PATH }] },
      { id: 'x', writes: [{ method: 'DELETE', path: PATH, body: utf8('x') }] },
      { id: 'x', writes: [{ method: 'DELETE', path: '/pub/a/' as StoragePath }] },
      { id: 'x', writes: [{ method: 'DELETE', path: '/pub/../a' as StoragePath }] },
      {
        id: 'x',
        writes: [
          { method: 'DELETE', path: PATH },
          { method: 'DELETE', path: PATH },
        ],
      },
    ]
    for (const action of bad)
      await expect(outbox.add(action)).rejects.toMatchObject({ code: 'bad_request' })
    expect(outbox.snapshot()).toEqual([])
    for (let i = 0; i < 1000; i++) await outbox.add(put(`${i}`, parseStrictPath(`/pub/x/${i}`)))
    await expect(outbox.add(put('one more', PATH))).rejects.toMatchObject({ code: 'outbox_full' })
  })
})

type Step =
  | { do: 'put' | 'delete' | 'cancel'; path: number }
  | { do: 'new'; next: 'delete' | 'edit' }
  | { do: 'both' }
  | { do: 'reload' | 'end session' | 'wait' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), path: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), path: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), path: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'both' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('new' as const),
      next: fc.constantFrom('delete' as const, 'edit' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Step>({ do: 'reload' }, { do: 'end session' }, { do: 'wait' }),
  },
)

const FAULTS = ['none', 'lost request', 'lost answer', 'twice', 'late', 'busy', 'broken'] as const
type Fault = (typeof FAULTS)[number]

/** A network that loses, repeats and delays writes as the list of faults says. */
function faultyFetch(server: ModelHomeserver, next: () => Fault, late: (() => Promise<unknown>)[]) {
  return async (input: Parameters<typeof fetch>[0], init: RequestInit = {}): Promise<Response> => {
    const { signal, ...rest } = init
    const deliver = async () => {
      const response = await server.fetch(input, rest)
      signal?.throwIfAborted()
      return response
    }
    const isWrite = init.method === 'PUT' || init.method === 'DELETE'
    if (!isWrite || String(input).includes('15411')) return deliver()
    signal?.throwIfAborted()
    switch (next()) {
      case 'lost request':
        throw new TypeError('fetch failed')
      case 'lost answer':
        await deliver()
        throw new TypeError('fetch failed')
      case 'late':
        late.push(() => server.fetch(input, rest))
        throw new TypeError('fetch failed')
      case 'twice':
        late.push(() => server.fetch(input, rest))
        return deliver()
      case 'busy':
        return new Response('', { status: 429, headers: { 'retry-after': '40' } })
      case 'broken':
        return new Response('', { status: 503 })
      default:
        return deliver()
    }
  }
}

describe('whatever the network does, each action is stored exactly once, in order per path', () => {
  const property = (signatures: boolean, faults: readonly Fault[]) =>
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 14 }),
      fc.array(fc.constantFrom(...faults), { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(9), { minLength: 1, maxLength: 10 }),
      (steps, list, disk) => runHistory(steps, list, disk, signatures),
    )

  test('by proofs, also when requests arrive late or twice', async () => {
    await fc.assert(property(true, FAULTS), { numRuns: 50, seed: 7 })
  })

  test('by what lies there, on a host that takes no proofs', async () => {
    const faults = FAULTS.filter((fault) => fault !== 'late' && fault !== 'twice')
    await fc.assert(property(false, faults), { numRuns: 30, seed: 7 })
  })
})

async function runHistory(
  steps: Step[],
  faultList: Fault[],
  disk: number[],
  signatures: boolean,
): Promise<void> {
  const clock = jumpingClock()
  const server = createModelHomeserver({ now: clock.micros, signatures })
  const user = keypairFromSeed(new Uint8Array(32).fill(3))
  await server.publish()
  await server.addUser(user)
  let faultsUsed = 0
  let diskUsed = 0
  let isCalm = false
  const late: (() => Promise<unknown>)[] = []
  const next = (): Fault => {
    const fault = isCalm ? undefined : faultList[faultsUsed % faultList.length]
    faultsUsed += 1
    return fault ?? 'none'
  }
  const isFailing = () => !isCalm && disk[diskUsed++ % disk.length] === 0
  const pubky = createPubky({
    relays: ['http://localhost:15411'],
    localHost: 'localhost',
    fetch: faultyFetch(server, next, late) as typeof fetch,
    now: clock.micros,
  })
  const session = await pubky.signInGrant(signerFromKeypair(user), {
    client: signerFromKeypair(randomKeypair()),
    clientId: 'test',
    capabilities: '/pub/a/:rw',
  })
  const gone = new Set<string>()
  const storage = memoryStorage(isFailing)
  const open = (): Outbox => {
    const outbox = createOutbox({
      storage,
      send: (write, o) => session.storage.write(write, o),
      now: clock.now,
      timer: clock.timer,
      random: () => 0.5,
    })
    outbox.subscribe((event) => {
      if (event.type === 'collapsed' || event.type === 'cancelled') gone.add(event.action.id)
      if (event.type === 'paused') setTimeout(() => outbox.resume(), 0)
      if (event.type === 'refused') throw new Error(`refused: ${event.action.reason?.code}`)
    })
    return outbox
  }
  let outbox = open()
  const added: NewAction[] = []
  const paths = [...PATHS]
  const add = async (action: NewAction) => {
    await outbox.add(action).then(
      () => added.push(action),
      () => {},
    )
  }
  let count = 0
  for (const one of steps) {
    const id = `action ${count++}`
    const path = ('path' in one ? PATHS[one.path] : PATHS[0]) ?? PATH
    if (one.do === 'put') await add(put(id, path))
    if (one.do === 'delete') await add(drop(id, path))
    if (one.do === 'both') {
      const writes = PATHS.slice(0, 2).map((at) => ({
        method: 'PUT' as const,
        path: at,
        body: utf8(id),
      }))
      await add({ id, writes })
    }
    if (one.do === 'new') {
      const fresh = parseStrictPath(`/pub/a/new ${count}`)
      paths.push(fresh)
      await add(put(id, fresh, true))
      const later = `action ${count++}`
      // A path that could not be written to begin with is not worked on.
      if (added.at(-1)?.id === id)
        await add(one.next === 'edit' ? put(later, fresh) : drop(later, fresh))
    }
    if (one.do === 'cancel') {
      const waiting = outbox.snapshot().find((action) => action.writes[0]?.path === path)
      if (waiting) await outbox.cancel(waiting.id).catch(() => {})
    }
    if (one.do === 'end session') server.endSessions()
    if (one.do === 'wait') {
      await new Promise((resolve) => setTimeout(resolve, 2))
      await late.shift()?.()
    }
    if (one.do === 'reload') {
      await outbox.stop()
      outbox = open()
      await outbox.ready
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 3))
  isCalm = true
  outbox.wake()
  while (outbox.snapshot().length > 0) await new Promise((resolve) => setTimeout(resolve, 1))
  for (const deliver of late) await deliver()
  await outbox.stop()
  for (const path of paths) {
    const stored = server.events.filter((event) => event.path === path).map(({ text }) => text)
    expect(stored).toEqual(expectedAt(path, added, gone))
  }
}

/** What should be stored at a path, one after the other. */
function expectedAt(path: StoragePath, added: readonly NewAction[], gone: ReadonlySet<string>) {
  const expected: (string | null)[] = []
  for (const { id, writes } of added) {
    const write = writes.find((one) => one.path === path)
    if (!write || gone.has(id)) continue
    if (write.method === 'PUT') expected.push(id)
    else if (expected.at(-1) !== null && expected.length > 0) expected.push(null)
  }
  return expected
}
