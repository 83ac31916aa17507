import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { ServiceError, StartError } from '../errors.ts'
import { createLogger } from '../logger.ts'
import { createHttpServer, listen } from './server.ts'

const log = createLogger('test', { level: 'silent' })

describe('createHttpServer', () => {
  it('answers health and readiness', async () => {
    let ready = false
    const app = createHttpServer({ name: 'test', log, ready: () => ready })
    expect((await app.inject('/health')).json()).toEqual({ status: 'ok' })
    const { statusCode, headers } = await app.inject('/ready')
    expect([statusCode, headers['retry-after']]).toEqual([503, '1'])
    ready = true
    expect((await app.inject('/ready')).statusCode).toBe(200)
  })

  it('maps named errors to their status and hides unknown ones', async () => {
    const routes = (errors: 'json' | 'text') => {
      const app = createHttpServer({ name: 'test', log, errors })
      app.get('/named', async () => {
        throw new ServiceError(409, 'taken', 'It is taken', { headers: { 'retry-after': '3' } })
      })
      app.get('/unknown', async () => {
        throw new TypeError('password is hunter2')
      })
      return app
    }
    const named = await routes('json').inject('/named')
    expect([named.statusCode, named.json(), named.headers['retry-after']]).toEqual([
      409,
      { error: 'It is taken', code: 'taken' },
      '3',
    ])
    const plain = await routes('text').inject('/named')
    expect([plain.body, plain.headers['pubky-error']]).toEqual(['It is taken', 'taken'])
    const unknown = await routes('json').inject('/unknown')
    expect([unknown.statusCode, unknown.json().code]).toEqual([500, 'internal'])
    expect(unknown.body).not.toContain('hunter2')
    expect(unknown.body).toContain(unknown.headers['x-error-id'])
  })

  it('tells a port in use by the name of the service', async () => {
    const first = createHttpServer({ name: 'one', log })
    const { port } = await listen(first, { name: 'one', host: '127.0.0.1', port: 0 })
    const second = createHttpServer({ name: 'two', log })
    const refused = listen(second, { name: 'two', host: '127.0.0.1', port })
    await expect(refused).rejects.toThrow(StartError)
    await expect(refused).rejects.toThrow(`Port ${port} for two is already in use.`)
    await Promise.all([first.close(), second.close()])
  })

  it('says when to come back with every refusal that may pass', async () => {
    const app = createHttpServer({ name: 'test', log })
    app.get<{ Params: { status: string } }>('/:status', async ({ params }) => {
      throw new ServiceError(Number(params.status), 'refused', 'Not now')
    })
    const answers = await Promise.all(['429', '503', '404'].map((s) => app.inject(`/${s}`)))
    expect(answers.map(({ headers }) => headers['retry-after'])).toEqual(['1', '1', undefined])
  })

  it('lets a request wait on a silent connection for as long as it is told, and no longer', async () => {
    const start = async (idleTimeoutMs: number) => {
      const app = createHttpServer({ name: 'test', log, idleTimeoutMs })
      app.get('/late', () => new Promise((resolve) => setTimeout(() => resolve('late'), 600)))
      return { app, ...(await listen(app, { name: 'test', host: '127.0.0.1', port: 0 })) }
    }
    const [short, long] = await Promise.all([start(200), start(150_000)])
    await expect(fetch(`${short.url}/late`)).rejects.toThrow('fetch failed')
    expect(await (await fetch(`${long.url}/late`)).text()).toBe('late')
    await Promise.all([short.app.close(), long.app.close()])
  })

  it('gives up a body that does not arrive in time', async () => {
    const app = createHttpServer({
      name: 'test',
      log,
      requestTimeoutMs: 300,
      headersTimeoutMs: 300,
    })
    app.post('/', async () => 'whole')
    const { port } = await listen(app, { name: 'test', host: '127.0.0.1', port: 0 })
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 99\r\n\r\nx',
    )
    const answer = await new Promise<string>((resolve) => {
      socket.once('data', (bytes) => resolve(bytes.toString()))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 408/)
    await app.close()
  })

  it('keeps nothing of answers whose connection ended while they waited behind others', async () => {
    const app = createHttpServer({ name: 'test', log })
    const answers: WeakRef<ServerResponse>[] = []
    let finish = () => {}
    app.get('/slow', async (_, reply) => {
      answers.push(new WeakRef(reply.raw))
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return ''
    })
    app.get('/quick', async (_, reply) => {
      answers.push(new WeakRef(reply.raw))
      return ''
    })
    const { port } = await listen(app, { name: 'test', host: '127.0.0.1', port: 0 })
    const socket = connect(port, '127.0.0.1')
    const quick = 'GET /quick HTTP/1.1\r\nhost: x\r\n\r\n'
    socket.write(`GET /slow HTTP/1.1\r\nhost: x\r\n\r\n${quick}${quick}`)
    await expect.poll(() => answers.length).toBe(3)
    const gone = new Promise((resolve) => answers[0]?.deref()?.once('close', resolve))
    socket.destroy()
    await gone
    finish()
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    await expect
      .poll(() => {
        collect()
        return answers.filter((answer) => answer.deref()).length
      })
      .toBe(0)
    await app.close()
  })

  it('closes what an answer is read from when its connection ends, also while it waits behind others', async () => {
    const app = createHttpServer({ name: 'test', log })
    const sources: Readable[] = []
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const endless = () => new Readable({ read: () => {} })
    app.get('/first', () => new Promise(() => {}))
    app.get('/file', async (_, reply) => {
      sources.push(endless())
      return reply.send(sources.at(-1))
    })
    app.get('/late', async (_, reply) => {
      sources.push(endless())
      await held
      return reply.send(sources.at(-1))
    })
    const { port } = await listen(app, { name: 'test', host: '127.0.0.1', port: 0 })
    const socket = connect(port, '127.0.0.1')
    const ask = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`
    socket.write(ask('/first') + ask('/file') + ask('/late'))
    await expect.poll(() => sources.length).toBe(2)
    const connections = () =>
      new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)))
    socket.destroy()
    await expect.poll(connections).toBe(0)
    release()
    await expect.poll(() => sources.map(({ destroyed }) => destroyed)).toEqual([true, true])
    await app.close()
  })

  it('ends a connection that asks and asks without waiting for answers, before they fill memory', async () => {
    const app = createHttpServer({ name: 'test', log })
    let asked = 0
    app.get('/slow', async () => {
      asked += 1
      await new Promise(() => {})
    })
    app.get('/quick', async () => 'quick')
    const { url, port } = await listen(app, { name: 'test', host: '127.0.0.1', port: 0 })
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(5000))
    await closed
    expect(asked).toBe(100)
    expect(await (await fetch(`${url}/quick`)).text()).toBe('quick')
    await app.close()
  })

  it('finishes requests when it closes, and ends streams of events at once', async () => {
    const app = createHttpServer({ name: 'test', log, closeGraceMs: 20_000 })
    let finish = () => {}
    let started = () => {}
    const asked = new Promise<void>((resolve) => {
      started = resolve
    })
    app.get('/slow', async () => {
      started()
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return 'done'
    })
    app.get('/stream', (_, reply) => {
      reply.raw.setHeader('content-type', 'text/event-stream')
      reply.hijack()
      reply.raw.write(': open\n\n')
    })
    const { url } = await listen(app, { name: 'test', host: '127.0.0.1', port: 0 })
    const stream = await fetch(`${url}/stream`)
    const slow = fetch(`${url}/slow`).then((response) => response.text())
    await asked
    const closing = app.close()
    await expect(stream.text()).rejects.toThrow()
    finish()
    expect(await slow).toBe('done')
    await closing
  })
})
