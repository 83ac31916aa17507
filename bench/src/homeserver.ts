import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startHomeserver } from '@pubky/homeserver'
import {
  blake3,
  createObjectProof,
  encodeProofHeader,
  nowMicros,
  type PublicKeyZ32,
  parseStrictPath,
  randomKeypair,
  type Signer,
  signerFromKeypair,
  signGrant,
  signPop,
} from '@pubky/protocol'
import { ensureDatabase, startEmbeddedPostgres } from '@pubky/server-kit'
import pg from 'pg'
import type { LoadResult } from './homeserver-load.ts'
import { load, rate } from './load.ts'
import { type Figures, percentile } from './result.ts'

const PEOPLE = 20
const SECONDS = 2
/** Ratios are taken side by side, again and again, because a shared machine is never equally fast. */
const ROUNDS = 3
const BODY_BYTES = 1024
const BLOB_BYTES = 100_000
const PUTS_PER_SECOND = 4500

interface Writer {
  key: PublicKeyZ32
  signer: Signer
  bearer: string
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

async function post(url: string, grant: string, pop: string): Promise<Response> {
  const body = JSON.stringify({ grant, pop })
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

/** Signs somebody up and opens a session for a client key that signs the objects. */
async function settle(http: string, homeserver: PublicKeyZ32): Promise<Writer> {
  const root = signerFromKeypair(randomKeypair())
  const client = randomKeypair()
  const iat = Math.floor(Date.now() / 1000)
  const make = async (clientId: string, lifetime: number) => {
    const claims = { clientId, caps: ['/:rw'], cnf: client.publicKey, iat, exp: iat + lifetime }
    const grant = await signGrant(root, claims)
    const gid = JSON.parse(Buffer.from(grant.split('.')[1] ?? '', 'base64url').toString()).jti
    return { grant, pop: await signPop(signerFromKeypair(client), { aud: homeserver, gid, iat }) }
  }
  const signUp = await make('pubky.signup', 300)
  await post(`${http}/auth/grant/signup`, signUp.grant, signUp.pop)
  const { grant, pop } = await make('bench.example', 86_400)
  const opened = (await (await post(`${http}/auth/grant/session`, grant, pop)).json()) as {
    token: string
  }
  const signer = signerFromKeypair(client, grant)
  return { key: root.publicKey, signer, bearer: opened.token }
}

async function putRequest(writer: Writer, path: string, body: Uint8Array): Promise<Uint8Array> {
  const proof = await createObjectProof(writer.signer, {
    owner: writer.key,
    action: 'PUT',
    path: parseStrictPath(path),
    hash: await blake3(body),
    timestamp: nowMicros(),
  })
  const head = [
    `PUT /storage/${writer.key}${path} HTTP/1.1`,
    'host: localhost',
    `authorization: Bearer ${writer.bearer}`,
    `pubky-signature: ${encodeProofHeader(proof)}`,
    `content-length: ${body.length}`,
  ].join('\r\n')
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body])
}

let serial = 0

function nextSerial(): number {
  serial += 1
  return serial
}

async function putRequests(writers: Writer[], count: number, bytes: number): Promise<Uint8Array[]> {
  const requests: Uint8Array[] = []
  for (let i = 0; i < count; i += 1) {
    const writer = writers[i % writers.length]
    const path = `/pub/pubky.app/posts/${nextSerial().toString(36).padStart(13, '0').toUpperCase()}`
    if (writer) requests.push(await putRequest(writer, path, randomBytes(bytes)))
  }
  return requests
}

function figuresOf(result: LoadResult): Figures {
  return {
    perSecond: rate(result),
    p50Ms: round(percentile(result.latencies, 0.5)),
    p99Ms: round(percentile(result.latencies, 0.99)),
  }
}

interface Round {
  measured: LoadResult
  /** Per second. */
  baseline: number
}

/** The round whose ratio is the middle one. */
function compare(rounds: readonly Round[]): Figures {
  const ratios = rounds.map(({ measured, baseline }) => rate(measured) / baseline)
  const middle = [...ratios].sort((a, b) => a - b)[Math.floor(rounds.length / 2)] ?? 0
  const middleRound = rounds[ratios.indexOf(middle)]
  if (!middleRound) return {}
  return {
    ...figuresOf(middleRound.measured),
    baselinePerSecond: middleRound.baseline,
    ratio: round(middle),
    ratios: ratios.map(round),
  }
}

/** The same rows by one plain writer: transactions of 16, nothing checked, nobody told. */
async function plainWrites(url: string): Promise<number> {
  const client = new pg.Client(url)
  await client.connect()
  const insert = (text: string, name: string, values: unknown[]) =>
    client.query({ name, text, values })
  let rows = 0
  const started = performance.now()
  while (performance.now() - started < SECONDS * 1000) {
    const paths = Array.from({ length: 16 }, () => `/pub/plain/posts/${nextSerial()}`)
    const hashes = paths.map(() => randomBytes(32))
    const proofs = paths.map(() => randomBytes(600))
    await client.query('begin')
    await insert(
      `insert into entries (user_id, path, hash, size, content_type, inline)
       select 1, p, h, 1024, 'application/json', b from unnest($1::text[], $2::bytea[], $3::bytea[]) t(p, h, b)`,
      'plain_entries',
      [paths, hashes, paths.map(() => randomBytes(BODY_BYTES))],
    )
    await insert(
      'insert into proofs (user_id, path, action, ts_micros, bytes) select 1, p, 1, 1, b from unnest($1::text[], $2::bytea[]) t(p, b)',
      'plain_proofs',
      [paths, proofs],
    )
    await insert(
      'insert into events (user_id, kind, path, hash, proof) select 1, 0, p, h, b from unnest($1::text[], $2::bytea[], $3::bytea[]) t(p, h, b)',
      'plain_events',
      [paths, hashes, proofs],
    )
    await client.query('commit')
    rows += 16
  }
  await client.end()
  return Math.round((rows / (performance.now() - started)) * 1000)
}

/** What Node itself does when it only answers with so many bytes. */
async function bareGets(): Promise<LoadResult> {
  const body = randomBytes(BODY_BYTES)
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const requests = [Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')]
  const result = await load({
    port,
    connections: 32,
    requests,
    cycle: true,
    seconds: SECONDS,
    expect: 200,
  })
  server.close()
  return result
}

/** Signed PUTs, GETs and blobs of one homeserver, durable, with the load on the same machine. */
export async function run(_: { seed: number }): Promise<Figures> {
  // Above zero, others used the machine, too.
  const loadBefore = round(loadavg()[0] ?? 0)
  const dir = await mkdtemp(join(tmpdir(), 'pubky-bench-homeserver-'))
  const postgres = await startEmbeddedPostgres({ dataDir: join(dir, 'postgres'), fsync: true })
  const databaseUrl = await ensureDatabase(postgres.url('postgres'), 'homeserver')
  const published = { resolve: async () => null, publish: async () => ({ stored: 1 }) }
  const homeserver = await startHomeserver(
    { databaseUrl, dataDir: join(dir, 'homeserver'), port: 0, adminPort: 0, signupMode: 'open' },
    { pkarr: published },
  )
  try {
    const { http } = homeserver.urls
    const port = Number(new URL(http).port)
    const writers: Writer[] = []
    for (let i = 0; i < PEOPLE; i += 1) writers.push(await settle(http, homeserver.publicKey))
    // What is read later; it also warms everything up.
    const objects = await putRequests(writers, PEOPLE * 50, BODY_BYTES)
    const fill = { port, connections: 32, cycle: false, seconds: 120, expect: 201 }
    await load({ ...fill, requests: objects })
    const putLoad = { port, cycle: false, seconds: SECONDS, expect: 201 }
    const putsAt = async (connections: number) => {
      const count = Math.ceil(PUTS_PER_SECOND * SECONDS * Math.min(1, connections / 16))
      const requests = await putRequests(writers, count, BODY_BYTES)
      return load({ ...putLoad, connections, requests })
    }
    const one = await putsAt(1)
    const eight = await putsAt(8)
    const puts: Round[] = []
    for (let round = 0; round < ROUNDS; round += 1)
      puts.push({ measured: await putsAt(32), baseline: await plainWrites(databaseUrl) })
    const requests = writers.flatMap(({ key }, person) =>
      Array.from({ length: 50 }, (_, i) => {
        const n = 1 + person + i * PEOPLE
        const path = `/pub/pubky.app/posts/${n.toString(36).padStart(13, '0').toUpperCase()}`
        return Buffer.from(`GET /storage/${key}${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
      }),
    )
    const getLoad = { port, connections: 32, cycle: true, seconds: SECONDS, expect: 200 }
    const gets: Round[] = []
    for (let round = 0; round < ROUNDS; round += 1)
      gets.push({
        measured: await load({ ...getLoad, requests }),
        baseline: rate(await bareGets()),
      })
    const blobs = await load({
      port,
      connections: 8,
      requests: await putRequests(writers, 1200, BLOB_BYTES),
      cycle: false,
      seconds: SECONDS,
      expect: 201,
    })
    return {
      what: 'signed 1 kB PUTs by client keys with a certificate, fsync on; load generator on the same machine',
      loadBefore,
      puts: { connections1: figuresOf(one), connections8: figuresOf(eight) },
      puts32BesidePlainRows: compare(puts),
      gets32BesideBareNode: compare(gets),
      blobPuts100kB: {
        ...figuresOf(blobs),
        megabytesPerSecond: round((rate(blobs) * BLOB_BYTES) / 1e6),
      },
    }
  } finally {
    await homeserver.close()
    await postgres[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  }
}
