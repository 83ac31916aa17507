import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AuthFlowKind, Keypair, Pubky, PublicKey } from '@synonymdev/pubky'
import { expect, test, vi } from 'vitest'

const HOMESERVER = '8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo'
const RELAY = 'http://localhost:15412/link'

const homeserver = () => PublicKey.from(HOMESERVER)
const REFUSED = { name: 'RequestError', data: { statusCode: 401 } }

async function newcomer(pubky: Pubky) {
  const secret = Keypair.random().secret()
  const signer = () => pubky.signer(Keypair.fromSecret(secret))
  const session = await signer().signup(homeserver(), null)
  return { signer, session, key: session.info.publicKey.z32() }
}

/** Tells what reached it. */
async function startEcho() {
  const server = createServer((request, response) => {
    response.end(JSON.stringify(request.headers))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Sessions of the official client: their cookies, their ends, and the state of its flows. */
export function defineSessions(): void {
  // covers 11.1.2, 11.3.8e
  test('people sign up, out and in again and again', async () => {
    const pubky = Pubky.testnet()
    const { signer, session, key } = await newcomer(pubky)
    await session.signout()
    for (let i = 0; i < 3; i += 1) {
      const again = await signer().signin()
      await again.storage.putText('/pub/app/round.txt', `round ${i}`)
      await again.signout()
      const url = `https://_pubky.${key}/session`
      expect((await pubky.client.fetch(url)).status).toBe(404)
      const late = pubky.client.fetch(`https://_pubky.${key}/pub/x`, { method: 'PUT', body: 'x' })
      expect((await late).status).toBe(401)
    }
    const read = await pubky.publicStorage.getText(`pubky://${key}/pub/app/round.txt`)
    expect(read).toBe('round 2')
  })

  // covers 11.1.8, 11.3.8d
  test('a handle of an ended session is refused and disturbs nobody', async () => {
    const pubky = Pubky.testnet()
    const [one, two] = [await newcomer(pubky), await newcomer(pubky)]
    for (const { session } of [one, two]) expect(session.info.capabilities).toEqual(['/:rw'])
    const url = `https://_pubky.${one.key}/pub/app/a.txt`
    const write = () => pubky.client.fetch(url, { method: 'PUT', body: 'x' })
    expect((await write()).status).toBe(201)
    await one.session.signout()
    expect((await write()).status).toBe(401)
    await two.session.storage.putText('/pub/app/a.txt', 'two')
    // Nor do cookies of one client belong to a key that they do not name.
    const strange = await newcomer(Pubky.testnet())
    await strange.session.signout()
    const foreign = `https://_pubky.${strange.key}/pub/app/a.txt`
    expect((await pubky.client.fetch(foreign, { method: 'PUT', body: 'x' })).status).toBe(401)
    expect(await pubky.publicStorage.getText(`pubky://${two.key}/pub/app/a.txt`)).toBe('two')
  })

  // covers 11.3.5d
  test('credentials of a request are those that it asks for', async () => {
    const { client } = Pubky.testnet()
    const sent: string[] = []
    const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
      sent.push((input as Request).credentials)
      return new Response('')
    })
    try {
      for (const init of [undefined, { credentials: 'omit' }, { credentials: 'include' }] as const)
        await client.fetch('http://localhost:6286/', init)
    } finally {
      spy.mockRestore()
    }
    expect(sent).toEqual(['same-origin', 'omit', 'include'])
  })

  // covers 11.3.5b, 11.3.5c, 11.1.57b
  test('headers of every kind arrive, and a request that fails is an error', async () => {
    const { client } = Pubky.testnet()
    const echo = await startEcho()
    for (const headers of [
      { 'x-one': '1', 'x-two': '2' },
      new Headers({ 'x-one': '1', 'x-two': '2' }),
      [
        ['x-one', '1'],
        ['x-two', '2'],
      ] as [string, string][],
    ]) {
      const told = await (await client.fetch(echo.url, { headers })).json()
      expect(told).toMatchObject({ 'x-one': '1', 'x-two': '2' })
      expect(told).not.toHaveProperty('pubky-host')
    }
    await echo[Symbol.asyncDispose]()
    await expect(client.fetch(echo.url)).rejects.toBeDefined()
  })

  // covers 11.3.9j
  test('a file is read as a stream', async () => {
    const { session } = await newcomer(Pubky.testnet())
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7)
    await session.storage.putBytes('/pub/app/large.bin', bytes)
    const { body } = await session.storage.get('/pub/app/large.bin')
    const chunks: Uint8Array[] = []
    for await (const chunk of body ?? []) chunks.push(chunk)
    expect(chunks.length).toBeGreaterThan(1)
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
  })

  // covers 11.3.9h
  test('a file that is replaced has another time and another hash', async () => {
    const { session } = await newcomer(Pubky.testnet())
    await session.storage.putJson('/pub/app/a.json', { a: 1 })
    const before = await session.storage.stats('/pub/app/a.json')
    await new Promise((resolve) => setTimeout(resolve, 1100))
    await session.storage.putJson('/pub/app/a.json', { a: 2 })
    const after = await session.storage.stats('/pub/app/a.json')
    expect(after?.lastModifiedMs).toBeGreaterThan(before?.lastModifiedMs ?? Number.NaN)
    expect(after?.etag).not.toBe(before?.etag)
    expect(after?.contentType).toBe('application/json')
  })

  // covers 11.3.9g
  test('a write that nobody signed in for is refused', async () => {
    const { key, session } = await newcomer(Pubky.testnet())
    await session.signout()
    const { client } = Pubky.testnet()
    const answer = await client.fetch(`https://_pubky.${key}/pub/a.txt`, {
      method: 'PUT',
      body: 'x',
      credentials: 'omit',
    })
    expect(answer.status).toBe(401)
    const stale = (await newcomer(Pubky.testnet())).session
    const { storage } = stale
    await stale.signout()
    await expect(storage.putText('/pub/a.txt', 'x')).rejects.toMatchObject(REFUSED)
  })

  // covers 11.3.2
  test('a flow completes once', async () => {
    const pubky = Pubky.testnet()
    const { signer } = await newcomer(pubky)
    const start = () => pubky.startAuthFlow('/pub/app/:rw', AuthFlowKind.signin(), RELAY)
    const state = { name: 'ClientStateError' }

    const awaited = start()
    await signer().approveAuthRequest(awaited.authorizationUrl)
    await awaited.awaitApproval()
    await expect(awaited.awaitApproval()).rejects.toMatchObject(state)
    await expect(awaited.tryPollOnce()).rejects.toMatchObject(state)

    const polled = start()
    const polling = polled.tryPollOnce()
    await expect(polled.awaitApproval()).rejects.toMatchObject(state)
    expect(await polling).toBeUndefined()
  })
}
