import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packetToRelayPayload, randomKeypair, signerFromKeypair, signPacket } from '@pubky/protocol'
import { expect, it } from 'vitest'
import { makeCertificate } from '../testing/certificate.ts'

const bin = join(import.meta.dirname, '../../bin/pkdns.mjs')

// covers 8.4.13
it('a relay is reached by https, below a path, and by nobody who does not trust its certificate', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'pubky-https-'))
  const { key, cert } = makeCertificate()
  const ca = join(dir, 'ca.pem')
  await writeFile(ca, cert)
  const keypair = randomKeypair()
  const record = { name: '@', ttl: 300, data: { type: 'A', address: '192.0.2.1' } } as const
  const payload = packetToRelayPayload(await signPacket(signerFromKeypair(keypair), [record]))
  const asked: (string | undefined)[] = []
  const server = createServer({ key, cert }, ({ url }, response) => {
    asked.push(url)
    response.writeHead(200, { 'content-length': payload.length }).end(payload)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const relay = `https://localhost:${(server.address() as AddressInfo).port}/sub/`
  const resolve = (env: NodeJS.ProcessEnv) => {
    // Nobody answers at this port: the relay alone knows.
    const args = ['resolve', keypair.publicKey, '--relay', relay, '--bootstrap', '127.0.0.1:9']
    return promisify(execFile)(process.execPath, [bin, ...args], {
      env: { ...process.env, ...env },
    })
  }
  expect((await resolve({ NODE_EXTRA_CA_CERTS: ca })).stdout).toContain('192.0.2.1')
  expect(asked).toEqual([`/sub/${keypair.publicKey}?policy=NetworkOnly`])
  await expect(resolve({})).rejects.toMatchObject({ code: 1 })
  expect(asked).toHaveLength(1)
  server.closeAllConnections()
  server.close()
  await rm(dir, { recursive: true, force: true })
})
