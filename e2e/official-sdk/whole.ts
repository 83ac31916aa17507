import * as official from '@synonymdev/pubky'
import { expect, test } from 'vitest'
import type { AppPages } from './app-page.ts'
import { documentedNames } from './documented.ts'
import { type Walked, type WalkStart, walkEverything } from './walk.ts'

const HOMESERVER = '8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo'
const RELAY = 'http://localhost:15412/link/'

const READ = {
  json: { ok: true },
  text: 'hello',
  bytes: [1, 2, 3],
  response: [200, 'text/plain', 'hello'],
  exists: true,
  stats: [11, 'application/json', expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/), true],
  list: ['data.json', 'img.bin', 'note.txt'].map((name) => `pubky://KEY/pub/example.com/${name}`),
  missing: ['RequestError', 404],
}

/** What comes of the walk, wherever the package runs. */
const TOLD = {
  plainFetch: 200,
  keys: [true, 32, true, ['InvalidInput', null]],
  signer: [true, true],
  signup: [true, ['/:rw']],
  restored: [true, true],
  own: READ,
  anybody: READ,
  deleted: false,
  resolved: ['https://_pubky.KEY/pub/example.com/note.txt', 'hello'],
  records: [true, true, true, undefined],
  capabilities: ['/pub/app.test/:rw', ['InvalidInput', null]],
  intents: ['signin', 'signup'],
  flow: [['/pub/app.test/:rw'], ['RequestError', 403]],
  stepped: true,
  token: [true, [], true, true, expect.anything()],
  joined: true,
  links: [['/pub/app.test/:rw', true, 32], true, ['/pub/app.test/:rw', true, 32], true, [32, 32]],
}

async function start(): Promise<WalkStart> {
  const token = async () => {
    const headers = { 'x-admin-password': 'admin' }
    return (await fetch('http://localhost:6288/generate_signup_token', { headers })).text()
  }
  return { homeserver: HOMESERVER, relay: RELAY, tokens: [await token(), await token()] }
}

function judge({ used, told }: Walked): void {
  expect(told).toEqual(TOLD)
  expect(documentedNames().filter((name) => !used.includes(name))).toEqual([])
}

/** Everything that the package names in its documentation, in Node and in a browser. */
export function defineWhole({ inBrowser, openApp }: AppPages): void {
  test('everything that the official package documents works in Node', async () => {
    expect(documentedNames().length).toBeGreaterThan(90)
    judge(await walkEverything(await start(), official))
  })

  inBrowser('everything that the official package documents works in Chromium', async () => {
    const page = await openApp()
    judge(await page.evaluate(walkEverything, await start()))
    await page.close()
  })
}
