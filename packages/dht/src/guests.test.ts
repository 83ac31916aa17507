import { createHash, randomBytes } from 'node:crypto'
import type { MutableItem } from '@pubky/sdk/dht'
import { expect, it } from 'vitest'
import { createAnswers } from './answers.ts'
import { createGuests } from './guests.ts'
import { type Encodable, encodeBencode } from './krpc/bencode.ts'
import { parseMessage } from './krpc/message.ts'
import { createStorage } from './machine/storage.ts'
import { createTokens } from './machine/tokens.ts'

/** BEP44, as in spec/discovery.md 9.4. */
const KEY = Buffer.from('77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548', 'hex')
const VALUE = Buffer.from('Hello World!')
const SALT = Buffer.from('foobar')
const SALTED =
  '6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08'
const UNSALTED =
  '305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01'
const FROM = { host: '127.0.0.1', port: 4000 }

/** A node without its socket: what it says to a query, as soon as it says it. */
function node() {
  const packets = createStorage({ maxItems: 10, maxBytes: 10_000 })
  const tokens = createTokens(() => 0n, randomBytes)
  const said: (Record<string, Encodable | undefined> | number)[] = []
  const answers = createAnswers({
    id: randomBytes(20),
    store: {
      get: packets.get,
      put: async (item: MutableItem) => packets.put('', item, null).outcome,
    },
    guests: createGuests(),
    tokens,
    socket: () => ({ reply: (_, __, r) => said.push(r), refuse: (_, __, code) => said.push(code) }),
    closest: () => [],
    warn: () => {},
  })
  const token = tokens.issue(FROM.host)
  return async (q: string, a: Record<string, Encodable>) => {
    const arguments_ = { id: randomBytes(20), ...(q === 'put' ? { token } : {}), ...a }
    const bytes = encodeBencode({ t: 'aa', y: 'q', q, a: arguments_ })
    const message = parseMessage(bytes)
    if (message?.kind === 'bad-query') return message.code
    if (message?.kind !== 'query') throw new Error('unreadable')
    answers(message, FROM)
    await expect.poll(() => said.length).toBe(1)
    return said.pop()
  }
}

// covers 8.11.4, 9.1.9
it('a salted item lives under the hash of key and salt, and only with the right signature', async () => {
  const ask = node()
  const put = { k: KEY, seq: 1, v: VALUE, salt: SALT }
  expect(await ask('put', { ...put, sig: Buffer.from(UNSALTED, 'hex') })).toBe(206)
  expect(await ask('put', { ...put, sig: Buffer.from(SALTED, 'hex') })).toHaveProperty('id')
  const target = Buffer.from('411eba73b6f087ca51a3795d9c8c938d365e32c1', 'hex')
  const found = await ask('get', { target })
  expect(found).toMatchObject({ seq: 1n })
  expect(found).toHaveProperty('v', Uint8Array.from(VALUE))
  expect(await ask('put', { ...put, sig: Buffer.from(SALTED, 'hex'), cas: 7 })).toBe(301)
  expect(await ask('get', { target, seq: 1 })).not.toHaveProperty('v')
})

// covers 8.11.3
it('an immutable string lives under its hash, and comes back without key or number', async () => {
  const ask = node()
  expect(await ask('put', { v: VALUE })).toHaveProperty('id')
  const target = createHash('sha1').update('12:Hello World!').digest()
  expect(target.toString('hex')).toBe('e5f96f6f38320f0f33959cb4d3d656452117aadb')
  const found = await ask('get', { target })
  expect(found).toHaveProperty('v', Uint8Array.from(VALUE))
  expect(found).not.toHaveProperty('k')
  expect(found).not.toHaveProperty('seq')
  expect(await ask('put', { v: [1] })).toBe(203)
  expect(await ask('put', { v: VALUE, token: 'wrong' })).toBe(203)
  expect(await ask('put', { v: new Uint8Array(1001) })).toBe(205)
})
