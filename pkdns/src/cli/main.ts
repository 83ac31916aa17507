import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { DhtError } from '@pubky/dht'
import {
  keypairFromSeed,
  nowMicros,
  ProtocolError,
  parsePublicKeyLenient,
  publicKeyBytes,
  randomKeypair,
  signerFromKeypair,
  signPacket,
} from '@pubky/protocol'
import { PubkyError } from '@pubky/sdk'
import { createExternalIp, StartError } from '@pubky/server-kit'
import { ZoneError, zoneError } from '../errors.ts'
import { fillAddresses } from '../publisher/fill-addresses.ts'
import { keepAlive } from '../publisher/keep-alive.ts'
import { publishZone } from '../publisher/publish-zone.ts'
import { listing } from '../zone/listing.ts'
import { parseZone } from '../zone/parse-zone.ts'
import { unknownProtocols } from '../zone/protocols.ts'
import { openNetwork } from './network.ts'
import { type CliOptions, parseCli } from './options.ts'
import { readSeed } from './seed.ts'
import { trace } from './trace.ts'
import { USAGE } from './usage.ts'

const ZONE_FILE = 'pkarr.zone'

export interface CliDeps {
  tell: (line: string) => void
  fail: (line: string) => void
  signal: AbortSignal
  fetch: typeof fetch
}

function untilInterrupted(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
  return stop.signal
}

/** Runs one command; resolves to the exit code. What people did wrong is told in one sentence. */
export async function main(argv: readonly string[], given: Partial<CliDeps> = {}): Promise<number> {
  const deps: CliDeps = {
    tell: (line) => void process.stdout.write(`${line}\n`),
    fail: (line) => void process.stderr.write(`${line}\n`),
    signal: given.signal ?? untilInterrupted(),
    fetch,
    ...given,
  }
  if (argv.includes('--help') || argv.length === 0) {
    deps.tell(USAGE)
    return 0
  }
  try {
    const options = parseCli(argv)
    await run(options, deps)
    return 0
  } catch (error) {
    if (!isTold(error)) throw error
    deps.fail(error.message)
    if (error instanceof ZoneError && error.code === 'usage') deps.fail(`\n${USAGE}`)
    return 1
  }
}

function isTold(error: unknown): error is Error {
  const isOfFile = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  return (
    isOfFile ||
    error instanceof ZoneError ||
    error instanceof PubkyError ||
    error instanceof ProtocolError ||
    error instanceof StartError ||
    error instanceof DhtError
  )
}

async function run(o: CliOptions, deps: CliDeps): Promise<void> {
  const [first, second] = o.args
  switch (o.command) {
    case 'generate':
      return deps.tell(randomBytes(32).toString('hex'))
    case 'publickey':
      return deps.tell((await readSeed(first ?? o.seed)).publicKey)
    case 'check':
      return check(o, first ?? ZONE_FILE, deps)
    case 'resolve':
      return resolve(o, first, deps)
    case 'trace': {
      if (!first) throw zoneError('usage', 'trace wants a name')
      await using network = await openNetwork(o, deps.fail)
      const { forward } = o
      const isLocal = o.network === 'local'
      return trace(network.pkarr, { name: first, type: second ?? 'A', forward, isLocal }, deps.tell)
    }
    default:
      return publish(o, deps)
  }
}

const readZone = async (file: string, deps: CliDeps) =>
  fillAddresses(
    await readFile(file, 'utf8'),
    createExternalIp({ fetch: deps.fetch, random: Math.random }),
  )

async function check(o: CliOptions, file: string, deps: CliDeps): Promise<void> {
  // Without a seed any key shows what is right and how large it is.
  const keypair = await readSeed(o.seed).catch(() => keypairFromSeed(randomKeypair().secretKey))
  const records = parseZone(await readZone(file, deps), keypair.publicKey)
  const packet = await signPacket(signerFromKeypair(keypair), records)
  deps.tell(listing(packet))
  for (const line of unknownProtocols(records)) deps.fail(line)
  deps.tell(`\n${records.length} records, ${packet.dns.length} of 1000 bytes.`)
}

async function resolve(o: CliOptions, address: string | undefined, deps: CliDeps): Promise<void> {
  if (!address) throw zoneError('usage', 'resolve wants a key')
  const key = parsePublicKeyLenient(address)
  await using network = await openNetwork(o, deps.fail)
  const [packet, held] = await Promise.all([
    network.pkarr.resolve(key, { policy: 'network-only' }),
    network.dht?.get(publicKeyBytes(key)).newest(),
  ])
  if (!packet) throw new PubkyError('not_found', { detail: `nothing is published under ${key}` })
  deps.tell(listing(packet))
  const signed = new Date(Number(packet.timestamp / 1000n))
  const age = Math.round((Date.now() - signed.getTime()) / 1000)
  deps.tell(`\nLast updated ${signed.toISOString()}, ${age} seconds ago.`)
  if (!held) return
  const { agreed, responded, queried } = held.report
  deps.tell(`${agreed} of ${responded} DHT nodes that answered hold it (${queried} were asked).`)
}

async function publish(o: CliOptions, deps: CliDeps): Promise<void> {
  const keypair = await readSeed(o.args[0] ?? o.seed)
  const file = o.args[1] ?? ZONE_FILE
  const signer = signerFromKeypair(keypair)
  const records = async () => parseZone(await readZone(file, deps), keypair.publicKey)
  for (const line of unknownProtocols(await records())) deps.fail(line)
  await using network = await openNetwork(o, deps.fail)
  if (o.command === 'publish') {
    const published = await publishZone(network.pkarr, signer, await records(), { now: nowMicros })
    deps.tell(listing(published.packet))
    deps.tell(`\nPublished to ${published.stored} DHT nodes.`)
    return
  }
  deps.tell(`Keeping ${keypair.publicKey} published. Ctrl-C ends it.`)
  await keepAlive({
    pkarr: network.pkarr,
    signer,
    records,
    checkEveryMs: o.checkEveryMs,
    now: nowMicros,
    signal: deps.signal,
    onPublished({ stored, isNew }, nextMs) {
      const what = isNew ? 'changed records published' : 'published again'
      const minutes = Math.round(nextMs / 60_000)
      deps.tell(`${new Date().toISOString()} ${what}, ${stored} nodes; again in ${minutes} min`)
    },
    onFailed(error, retryMs) {
      const text = error instanceof Error ? error.message : String(error)
      deps.fail(`${new Date().toISOString()} ${text} Again in ${Math.round(retryMs / 1000)} s.`)
    },
  })
}
