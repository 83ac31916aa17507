import {
  buildBookmark,
  buildFollow,
  buildMute,
  buildProfile,
  buildTag,
  classifyTarget,
  PROFILE_PATH,
  postPath,
  postUri,
  profileUri,
  timestampId,
} from '@pubky/app-specs'
import {
  blake3Sync,
  encodeKeyRule,
  fromUtf8,
  type KeyRule,
  keptList,
  keptPath,
  type Micros,
  POLICY_PATH,
  type PublicKeyZ32,
  revocationPath,
  type StoragePath,
  utf8,
} from '@pubky/protocol'
import { fc } from '@pubky/testkit/properties'
import { HOSTS, type NewEntry, objectEntry, PHONE, START_MS } from './fixture.ts'
import type { Deed, Happening, Policy, Rule, Says } from './model.ts'
import { ANN, BOB, CEM, DAN } from './story.ts'

/** For tests: histories of a few people who do everything there is, well and badly. */
const PEOPLE = [ANN, BOB, CEM, DAN]
const ACTS = [
  'post',
  'post',
  'post',
  'tag',
  'tag',
  'follow',
  'bookmark',
  'mute',
  'profile',
  'home',
  'purge',
  'policy',
  'revocation',
  'kept',
] as const
const LABELS = ['red', 'blue']
const SLOTS = 2

export const intents = fc.array(
  fc.record({
    who: fc.nat(PEOPLE.length - 1),
    act: fc.oneof(
      { weight: 12, arbitrary: fc.nat(8) },
      { weight: 4, arbitrary: fc.constantFrom(9, 10, 11, 11, 12, 12, 13) },
    ),
    a: fc.nat(100),
    b: fc.nat(100),
    c: fc.nat(100),
    isDeletion: fc.integer({ min: 0, max: 9 }).map((n) => n < 3),
    isElsewhere: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    isLate: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    fate: fc
      .integer({ min: 0, max: 19 })
      .map((n) => (n === 0 ? 'refused' : n === 1 ? 'superseded' : n === 2 ? 'odd' : 'ok')),
    proof: fc.oneof(
      { weight: 5, arbitrary: fc.constant(undefined) },
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 9 }) },
      { weight: 1, arbitrary: fc.constant('invalid' as const) },
    ),
  }),
  { minLength: 35, maxLength: 45 },
)

export type Intents = typeof intents extends fc.Arbitrary<infer T> ? T : never
type Intent = Intents[number]

const at = <T>(items: readonly T[], n: number): T => items[n % items.length] as T
const now = (BigInt(START_MS) * 1000n) as Micros
/** The first post of everybody has a new id, the second one an old one. */
const slotMs = (slot: number) => START_MS - slot * 5 * 86_400_000
const slotId = (slot: number) => timestampId((BigInt(slotMs(slot)) * 1000n) as Micros)
const keyOf = (author: PublicKeyZ32, slot: number) => ({ author, id: slotId(slot) })
const named = (key: { author: string; id: string }) => `${key.author}:${key.id}`

function postOf(owner: PublicKeyZ32, { a, b, c }: Intent) {
  const slot = a % SLOTS
  const target = keyOf(at(PEOPLE, b), c % SLOTS)
  const isCollection = c % 7 === 0
  const parent = !isCollection && b % 3 === 0 ? target : null
  const repost = !isCollection && b % 4 === 0 ? target : null
  const kind = isCollection ? 'collection' : at(['short', 'long'], c)
  const mention = b % 5 === 0 ? ` pubky${at(PEOPLE, c)}` : ''
  const content = isCollection ? '{"name":"Mine","items":[]}' : `text ${c % 3}${mention}`
  const embed = repost && { kind: 'short', uri: postUri(repost) }
  const attachments = null
  const body = JSON.stringify({
    content,
    kind,
    parent: parent && postUri(parent),
    embed,
    attachments,
  })
  const key = keyOf(owner, slot)
  const says: Says = {
    what: 'post',
    key: named(key),
    parent: parent && named(parent),
    repost: repost && named(repost),
    kind,
    content,
    idMs: slotMs(slot),
  }
  return { path: postPath(key.id), body, says }
}

function tagOf({ a, b, c }: Intent) {
  const post = keyOf(at(PEOPLE, b), c % SLOTS)
  const label = at(LABELS, a)
  const app = at(['pubky.app', 'pubky.app', 'map.app'], c)
  const outside = 'https://example.com/'
  const targets = [
    { uri: postUri(post), target: named(post), targetKind: 'post' },
    { uri: postUri(post), target: named(post), targetKind: 'post' },
    { uri: profileUri(post.author), target: post.author, targetKind: 'person' },
    { uri: outside, target: resourceId(outside), targetKind: 'resource' },
  ] as const
  const { uri, target, targetKind } = at(targets, b)
  const tag = buildTag(uri, label, (now + BigInt(a % 2)) as Micros)
  const says: Says = { what: 'tag', target, label, app, targetKind }
  return { path: tag.path.replace('pubky.app', app) as StoragePath, body: fromUtf8(tag.body), says }
}

function resourceId(uri: string): string {
  const target = classifyTarget(uri)
  return target?.kind === 'resource' ? target.id : ''
}

function bookmarkOf({ a, b, c }: Intent) {
  const post = keyOf(at(PEOPLE, b), c % SLOTS)
  const bookmark = buildBookmark(`${postUri(post)}${a % 3 === 0 ? '?again' : ''}`, now)
  return {
    ...bookmark,
    body: fromUtf8(bookmark.body),
    says: { what: 'bookmark', target: named(post) } as Says,
  }
}

function ruleObject(path: StoragePath, said: KeyRule, rule: Rule) {
  return { path, body: fromUtf8(encodeKeyRule(said)), says: { what: 'rule', rule } as Says }
}

function policySaid({ b, c }: Intent): Policy {
  const signed = at([['/pub/'], ['/pub/pubky.app/posts/'], []], b)
  return { says: 'policy', signed, sinceMs: START_MS + c * 200 }
}

function policyRule({ signed, sinceMs }: Policy): KeyRule {
  return { says: 'policy', signed: signed as StoragePath[], since: sinceMs * 1000 }
}

function policyOf(intent: Intent) {
  const said = policySaid(intent)
  return ruleObject(POLICY_PATH, policyRule(said), said)
}

/** Of each person two lists: the same post of each slot, in two versions. */
function listOf(owner: PublicKeyZ32, n: number) {
  const plain = { b: 1, c: at([2, 4], n) } as Intent
  const list = [0, 1].map((slot) => postOf(owner, { ...plain, a: slot }))
  const entries = list.map(({ path, body }) => ({ path, hash: blake3Sync(utf8(body)) }))
  return { list, kept: keptList(entries) }
}

function keptOf(owner: PublicKeyZ32, { a }: Intent) {
  const { list, kept } = listOf(owner, a)
  return ruleObject(keptPath(kept.root), kept, { says: 'kept', name: kept.root, list })
}

function revocationOf(owner: PublicKeyZ32, { a, b }: Intent) {
  const signer = PHONE.publicKey
  const keep = b % 3 === 0 ? null : listOf(owner, b).kept.root
  const rule = { says: 'revoked', at: a % 10, keep } as const
  return ruleObject(revocationPath(signer), { ...rule, signer }, rule)
}

function objectOf(
  owner: PublicKeyZ32,
  intent: Intent,
): { path: StoragePath; body: string; says: Says } {
  const target = at(PEOPLE, intent.b)
  const stamp = (now + BigInt(intent.a % 2)) as Micros
  switch (at(ACTS, intent.act)) {
    case 'tag':
      return tagOf(intent)
    case 'bookmark':
      return bookmarkOf(intent)
    case 'follow': {
      const { path, body } = buildFollow(target, stamp)
      return { path, body: fromUtf8(body), says: { what: 'follow', target } }
    }
    case 'mute': {
      const { path, body } = buildMute(target, stamp)
      return { path, body: fromUtf8(body), says: { what: 'mute', target } }
    }
    case 'policy':
      return policyOf(intent)
    case 'revocation':
      return revocationOf(owner, intent)
    case 'kept':
      return keptOf(owner, intent)
    case 'profile': {
      const name = at(['Somebody', 'Anybody'], intent.a)
      const { body } = buildProfile({ name })
      return { path: PROFILE_PATH, body: fromUtf8(body), says: { what: 'profile', name } }
    }
    default:
      return postOf(owner, intent)
  }
}

/** What happens, in an order; everybody's first home comes at some time. */
export function happeningsOf(all: Intents): Happening[] {
  const homes = new Map<PublicKeyZ32, string>()
  const happenings: Happening[] = []
  // A purge spoils the comparison of notices: most histories have none.
  const hasPurges = (all[0]?.c ?? 0) % 4 === 0
  all.forEach((intent, index) => {
    const owner = at(PEOPLE, intent.who)
    const atMs = START_MS + index * 1000
    const act = at(ACTS, intent.act)
    const home = homes.get(owner)
    // The first things that people do come before their home is known.
    if (act === 'home' || (home === undefined && index > 8)) {
      const next = home === HOSTS[0] ? HOSTS[1] : HOSTS[0]
      homes.set(owner, next as string)
      const policy = intent.a % 3 === 0 ? policySaid(intent) : null
      happenings.push({ happens: 'home', owner, host: next as string, atMs, policy })
      return
    }
    if (act === 'purge' && hasPurges) {
      const path = intent.a % 2 === 0 ? null : postPath(slotId(intent.b % SLOTS))
      happenings.push({ happens: 'purge', owner, path, atMs })
      return
    }
    const usual = home ?? HOSTS[0]
    const other = usual === HOSTS[0] ? HOSTS[1] : HOSTS[0]
    const object = objectOf(owner, intent)
    const isOdd = intent.fate === 'odd'
    const isPut = !intent.isDeletion
    // Rules say something only when the owner key itself signs them, as it mostly does.
    const isRule = object.says.what === 'rule'
    happenings.push({
      happens: 'deed',
      type: isPut ? 'PUT' : 'DEL',
      owner,
      path: object.path,
      host: (intent.isElsewhere ? other : usual) as string,
      eventId: 100 + index * 10 - (intent.isLate ? 45 : 0),
      atMs,
      says: isOdd || !isPut ? null : object.says,
      body: isOdd ? '{"odd":true}' : object.body,
      isFetched: intent.fate === 'ok' || isOdd || !isPut,
      proof: isRule ? (intent.proof ?? 1 + (intent.a % 9)) : intent.proof,
      byPhone: intent.c % (isRule ? 8 : 2) === 0,
    })
  })
  return happenings
}

/** The same in the words of the journal. */
export async function entryOf(h: Happening): Promise<NewEntry> {
  const { owner, atMs: receivedAtMs } = h
  if (h.happens === 'home') {
    const recordMicros = BigInt(h.atMs) as Micros
    const host = h.host as PublicKeyZ32
    const policy = h.policy && encodeKeyRule(policyRule(h.policy))
    return { kind: 'HOME', owner, host, recordMicros, receivedAtMs, policy }
  }
  if (h.happens === 'purge')
    return { kind: 'PURGE', owner, path: h.path, receivedAtMs, reason: null }
  return objectEntry(specOf(h))
}

function specOf(d: Deed) {
  const { type: kind, owner, path, eventId, atMs: receivedAtMs, proof } = d
  return {
    kind,
    owner,
    path,
    body: utf8(d.body),
    host: d.host as PublicKeyZ32,
    eventId,
    receivedAtMs,
    byPhone: d.byPhone,
    status: d.isFetched ? ('ok' as const) : ('superseded' as const),
    ...(proof === undefined ? {} : { proof }),
  }
}

/** The same, where what a person does between two homes or purges arrives in another order. */
export function shuffle(all: readonly Happening[], choices: readonly number[]): Happening[] {
  const spans = new Map<string, Happening[]>()
  const mixed = new Map<Happening, Happening>()
  const end = (span: readonly Happening[]) => {
    const rest = [...span]
    for (const [step, place] of span.entries()) {
      const [next] = rest.splice(at(choices, step) % rest.length, 1)
      if (next) mixed.set(place, next)
    }
  }
  for (const happening of all) {
    const { owner, happens } = happening
    const span = spans.get(owner) ?? []
    if (happens === 'deed') spans.set(owner, [...span, happening])
    else {
      end(span)
      spans.delete(owner)
    }
  }
  for (const span of spans.values()) end(span)
  return all.map((happening) => mixed.get(happening) ?? happening)
}

/** Another order in which everybody's own order is kept. */
export function interleave<T extends { owner: string }>(
  all: readonly T[],
  choices: readonly number[],
): T[] {
  const queues = [...new Set(all.map(({ owner }) => owner))].map((owner) =>
    all.filter((item) => item.owner === owner),
  )
  const mixed: T[] = []
  for (let step = 0; mixed.length < all.length; step++) {
    const open = queues.filter((queue) => queue.length > 0)
    const next = at(open, choices[step % choices.length] ?? 0)?.shift()
    if (next) mixed.push(next)
  }
  return mixed
}
