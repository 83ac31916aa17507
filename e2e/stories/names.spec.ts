import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { packetToRelayPayload, randomKeypair, signerFromKeypair, signPacket } from '@pubky/protocol'

const { PUBKY_E2E_RELAY_URL: relay, PUBKY_E2E_DOH_URL: doh } = process.env

function makeCertificate(dir: string): boolean {
  const files = ['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  try {
    execFileSync('openssl', ['req', '-x509', ...kind, ...files, ...names], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/** The TLS that a proxy puts in front of DNS over HTTPS. */
async function startProxy(dir: string, target: URL): Promise<Server> {
  const [key, cert] = await Promise.all(
    ['key.pem', 'cert.pem'].map((name) => readFile(join(dir, name))),
  )
  return createTlsServer({ key, cert }, (incoming, outgoing) => {
    const { method, headers, url: path } = incoming
    const { hostname, port } = target
    incoming.pipe(
      request({ hostname, port, path, method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      }),
    )
  })
}

// covers 4.2.10, 4.4.18, 4.7.2
test('a website answers at its key in a browser whose secure DNS is ours', async ({ playwright }, {
  project,
}) => {
  test.skip(!relay || !doh, 'needs the relay and the DNS server of the network')
  const dir = await mkdtemp(join(tmpdir(), 'pubky-names-'))
  test.skip(!makeCertificate(dir), 'needs openssl for a certificate')
  const keypair = randomKeypair()
  const site = createServer(({ headers }, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<h1>Here is ${headers.host}</h1>`)
  })
  const proxy = await startProxy(dir, new URL(doh ?? ''))
  try {
    const packet = await signPacket(signerFromKeypair(keypair), [
      { name: '@', ttl: 300, data: { type: 'A', address: '127.0.0.1' } },
      { name: 'www', ttl: 300, data: { type: 'CNAME', target: keypair.publicKey } },
    ])
    const { status } = await fetch(`${relay}/${keypair.publicKey}`, {
      method: 'PUT',
      body: packetToRelayPayload(packet) as Uint8Array<ArrayBuffer>,
    })
    expect(status).toBe(204)

    const profile = join(dir, 'profile')
    await mkdir(profile)
    // What the settings page for secure DNS writes.
    const templates = `https://127.0.0.1:${await portOf(proxy)}/dns-query{?dns}`
    const state = { dns_over_https: { mode: 'secure', templates } }
    await writeFile(join(profile, 'Local State'), JSON.stringify(state))
    const { executablePath, args = [] } = project.use.launchOptions ?? {}
    const browser = await playwright.chromium.launchPersistentContext(profile, {
      ...(executablePath ? { executablePath } : { channel: 'chromium' }),
      // Nobody signs a certificate for 127.0.0.1.
      args: [...args, '--no-sandbox', '--ignore-certificate-errors'],
    })
    const host = `www.${keypair.publicKey}.key:${await portOf(site)}`
    const page = await browser.newPage()
    await page.goto(`http://${host}/`)
    await expect(page.getByRole('heading')).toHaveText(`Here is ${host}`)
    await browser.close()
  } finally {
    for (const server of [site, proxy]) {
      server.closeAllConnections()
      server.close()
    }
    await rm(dir, { recursive: true, force: true })
  }
})
