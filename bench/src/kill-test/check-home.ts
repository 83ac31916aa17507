import { blake3, type PublicKeyZ32, toHex } from '@pubky/protocol'
import { type Pubky, PubkyError } from '@pubky/sdk'
import type { Change, Ledger } from './ledger.ts'

const READERS = 16
/** Larger bodies lie in the blob store. */
const INLINE_BYTES = 16 * 1024
/** The most that one stream takes. */
const USERS_AT_ONCE = 50

/** Sentences about what is not as it should be; the first few are enough. */
export type Findings = string[]

async function eachOf<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]()
  const read = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: READERS }, read))
}

const same = (a: Change, b: Change | undefined) =>
  a.type === b?.type && a.hash === b.hash && a.proof === b.proof

/** Exactly one event per acknowledged change, in the order of each path, and none besides. */
export async function checkEvents(
  pubky: Pubky,
  homeserver: PublicKeyZ32,
  ledger: Ledger,
  people: readonly PublicKeyZ32[],
): Promise<{ events: number; findings: Findings }> {
  const findings: Findings = []
  const told = new Map<string, Change[]>()
  let events = 0
  for (let from = 0; from < people.length; from += USERS_AT_ONCE) {
    const users = people.slice(from, from + USERS_AT_ONCE).map((user) => ({ user }))
    for await (const { type, uri, hash, proof } of pubky.events(homeserver, { users })) {
      const change = { type, hash: hash && toHex(hash), proof: proof ? toHex(proof) : '' }
      told.set(uri, [...(told.get(uri) ?? []), change])
      events += 1
    }
  }
  // The whole host's feed has the events of people whom nobody knows, too.
  let all = 0
  for await (const _ of pubky.events(homeserver, {})) all += 1
  if (all !== events) findings.push(`${all} events of the host, ${events} of the people of the run`)
  for (const [uri, changes] of told) {
    const wanted = ledger.histories.get(uri) ?? []
    if (wanted.length !== changes.length)
      findings.push(`${uri}: ${changes.length} events for ${wanted.length} acknowledged changes`)
    else if (!wanted.every((change, i) => same(change, changes[i])))
      findings.push(`${uri}: the events are other changes than those acknowledged`)
  }
  for (const uri of ledger.histories.keys())
    if (!told.has(uri)) findings.push(`${uri}: acknowledged, but there is no event`)
  return { events, findings }
}

/** The last acknowledged state of each path is what is served, with its proof; nothing else is listed. */
export async function checkObjects(
  pubky: Pubky,
  ledger: Ledger,
  people: readonly PublicKeyZ32[],
): Promise<{ objects: number; large: number; deleted: number; findings: Findings }> {
  const findings: Findings = []
  let deleted = 0
  let large = 0
  const live = new Set<string>()
  await eachOf(ledger.histories, async ([uri, history]) => {
    const last = history.at(-1)
    try {
      const object = await pubky.storage.get(uri)
      const body = new Uint8Array(await new Response(object.body).arrayBuffer())
      if (last?.type !== 'PUT') findings.push(`${uri}: served although it was deleted`)
      else if (toHex(await blake3(body)) !== last.hash) findings.push(`${uri}: other bytes`)
      else if (toHex(object.proof ?? new Uint8Array()) !== last.proof)
        findings.push(`${uri}: another proof`)
      live.add(uri)
      if (body.length > INLINE_BYTES) large += 1
    } catch (error) {
      if (!(error instanceof PubkyError) || error.code !== 'not_found')
        findings.push(`${uri}: ${error}`)
      else if (last?.type === 'PUT') findings.push(`${uri}: acknowledged, but not there`)
      else deleted += 1
    }
  })
  await eachOf(people, async (person) => {
    for await (const uri of pubky.storage.list(`pubky://${person}/pub/`))
      if (!live.has(uri)) findings.push(`${uri}: listed, but nobody stored it`)
  })
  return { objects: live.size, large, deleted, findings }
}

/** Every key has its record, with its homeserver in it, when the DHT alone is asked. */
export async function checkKeys(
  dht: Pick<Pubky, 'homeserverOf' | 'resolve'>,
  homeserver: PublicKeyZ32,
  people: readonly PublicKeyZ32[],
): Promise<Findings> {
  const findings: Findings = []
  await eachOf(people, async (person) => {
    const home = await dht.homeserverOf(person, { policy: 'network-only' }).catch(String)
    if (home !== homeserver) findings.push(`${person}: resolves to ${home} through the DHT`)
  })
  const own = await dht.resolve(homeserver, { policy: 'network-only' }).catch(() => null)
  if (!own) findings.push('the homeserver does not resolve through the DHT')
  return findings
}
