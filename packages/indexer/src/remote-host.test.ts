import { keypairFromSeed } from '@pubky/protocol'
import { startScriptedHost } from '@pubky/testkit/scripted-host'
import { expect, test } from 'vitest'
import { connectHost } from './remote-host.ts'

const { publicKey } = keypairFromSeed(new Uint8Array(32).fill(3))

test('a host whose features did not come whole could not be reached, and is no older one', async () => {
  await using host = await startScriptedHost({ live: true })
  const connect = () =>
    connectHost({ directory: { originOf: async () => host.url }, fetch }, publicKey)
  host.intercept((request, response) => {
    if (request.url !== '/info') return false
    response.writeHead(200, { 'content-length': 100 })
    response.write('{"feat', () => response.destroy())
    return true
  })
  await expect(connect()).rejects.toMatchObject({ code: 'unreachable' })
  host.intercept(null)
  expect([...(await connect()).features]).toEqual(['events-live'])
})
