import { createServer, type RequestListener } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { Teardown } from './lifecycle.ts'
import { createSafeFetch, isPublicAddress, readBounded } from './safe-fetch.ts'

let teardown = new Teardown()
afterEach(async () => {
  await teardown[Symbol.asyncDispose]()
  teardown = new Teardown()
})

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  teardown.add(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`
}

const strict = () => teardown.use(createSafeFetch({ allowPrivate: false, timeoutMs: 120_000 }))
const loose = (o = {}) =>
  teardown.use(createSafeFetch({ allowPrivate: true, timeoutMs: 120_000, ...o }))
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error) => error.code ?? error.cause?.code ?? error.name,
  )

describe('isPublicAddress', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'localhost',
  ])('refuses %s', (address) => expect(isPublicAddress(address)).toBe(false))

  it.each(['1.1.1.1', '8.8.8.8', '2606:4700::1111'])('accepts %s', (address) =>
    expect(isPublicAddress(address)).toBe(true),
  )
})

describe('createSafeFetch', () => {
  it('refuses private addresses, however they are written or found', async () => {
    let asked = 0
    const url = await serve((_, response) => {
      asked += 1
      response.end()
    })
    const { port } = new URL(url)
    const hosts = ['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', 'localhost']
    for (const host of hosts)
      expect([host, await code(strict()(`http://${host}:${port}/`))]).toEqual([
        host,
        'address_forbidden',
      ])
    expect(asked).toBe(0)
  })

  it('refuses what is not http', async () => {
    expect(await code(strict()('file:///etc/passwd'))).toBe('scheme_forbidden')
  })

  it('follows redirects without body and credentials, and not for ever', async () => {
    const seen: unknown[] = []
    const url = await serve((request, response) => {
      seen.push([request.method, request.url, request.headers.authorization ?? null])
      if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end()
      else if (request.url === '/') response.writeHead(307, { location: '/end' }).end()
      else response.end('end')
    })
    const fetch = loose()
    const response = await fetch(url, {
      method: 'POST',
      body: 'secret',
      headers: { authorization: 'Bearer x' },
    })
    expect(await response.text()).toBe('end')
    expect(seen).toEqual([
      ['POST', '/', 'Bearer x'],
      ['GET', '/end', null],
    ])
    expect(await code(fetch(`${url}loop`))).toBe('too_many_redirects')
  })

  it('cuts bodies that are too long or trickle too slowly', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/slow') {
        const timer = setInterval(() => response.write('x'), 20)
        response.once('close', () => clearInterval(timer))
      } else response.end('x'.repeat(2000))
    })
    const narrow = loose({ maxBytes: 1000, userAgent: 'tests' })
    expect(await code((await narrow(url)).text())).toBe('body_too_large')
    const brief = loose({ totalTimeoutMs: 300 })
    await expect(brief(`${url}slow`).then((slow) => slow.text())).rejects.toThrow(/timeout/)
    expect(await code(readBounded(await loose()(url), 1999))).toBe('body_too_large')
    expect((await readBounded(await loose()(url), 2000)).length).toBe(2000)
  })
})
