import { followPath, mutePath, postKeyText } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'
import { type Edge, edgeKey, edgeOf, edgeOfDoc, postLinks } from '../../objects/edges.ts'
import type { ObjectState } from '../../objects/fold.ts'
import type { ObjectDoc } from '../../objects/object-doc.ts'
import { type Owned, postKeyOf } from './document-rows.ts'
import { type Assertions, lastSegment, loadAssertions } from './edge-rows.ts'
import { type Interactor, loadInteractors } from './interactors.ts'
import { type Address, addressOf, loadObjects } from './object-rows.ts'
import { rowsOf, type Tx } from './sql.ts'

/** An object that is about to change, and what it may become. */
export interface Wanted {
  at: Owned
  doc: ObjectDoc | null
}

/**
 * Everything that the effect of some entries can depend on, read at once. It is then kept up to date
 * in memory while the entries are applied one after another, so that notices do not depend on how
 * the journal was cut into batches.
 */
export interface Surroundings {
  states: Map<Address, ObjectState | null>
  assertions: Map<string, Assertions>
  /** Kinds of live posts. */
  kinds: Map<string, string>
  /** Live follows, as `followPair`. */
  follows: Set<string>
  interactors: Map<string, Map<string, Interactor>>
}

export const followPair = (from: string, to: string) => `${from} ${to}`

/** `found`: the states of these objects, where they were read already. */
export async function loadSurroundings(
  tx: Tx,
  wanted: readonly Wanted[],
  found: readonly ObjectState[] | null = null,
): Promise<Surroundings> {
  const states = await loadStates(tx, wanted, found)
  const edges = edgesOf(wanted, states)
  const shared = edges.filter(({ kind }) => kind === 'tag' || kind === 'bookmark')
  const [assertions, kinds, follows, interactors] = await Promise.all([
    loadAssertions(tx, shared),
    loadKinds(tx, postsAround(wanted, edges)),
    loadFollows(tx, edges),
    loadInteractors(tx, changingPosts(wanted, states), wanted.length),
  ])
  for (const edge of edges) addOwnAssertion(assertions, edge, states)
  return { states, assertions, kinds, follows, interactors }
}

async function loadStates(tx: Tx, wanted: readonly Wanted[], found: readonly ObjectState[] | null) {
  const states = new Map<Address, ObjectState | null>()
  const places = new Map<Address, Owned>()
  for (const { at } of wanted) {
    places.set(addressOf(at.owner, at.path), at)
    states.set(addressOf(at.owner, at.path), null)
  }
  for (const state of found ?? (await loadObjects(tx, [...places.values()])))
    states.set(addressOf(state.owner, state.path), state)
  return states
}

function edgesOf(wanted: readonly Wanted[], states: Surroundings['states']): Edge[] {
  return wanted.flatMap(({ at, doc }) => {
    const before = edgeOf(states.get(addressOf(at.owner, at.path)) ?? null)
    const after = edgeOfDoc(at.owner, doc)
    return [before, after].filter((edge) => edge !== null)
  })
}

// A follow or mute is asserted by the one object whose path names the person.
function addOwnAssertion(
  assertions: Map<string, Assertions>,
  edge: Edge,
  states: Surroundings['states'],
): void {
  if (edge.kind !== 'follow' && edge.kind !== 'mute') return
  const key = edgeKey(edge)
  if (assertions.has(key)) return
  const by: Assertions['by'] = new Map()
  const target = edge.target as PublicKeyZ32
  const path = edge.kind === 'follow' ? followPath(target) : mutePath(target)
  const state = states.get(addressOf(edge.owner, path))
  if (state && edgeOf(state))
    by.set(path, { path, id: lastSegment(path), indexedAt: state.indexedAt })
  assertions.set(key, { edge, by })
}

function postsAround(wanted: readonly Wanted[], edges: readonly Edge[]): string[] {
  const keys = new Set<string>()
  for (const { doc } of wanted) {
    if (doc?.kind !== 'post') continue
    const { parent, repost } = postLinks(doc.value)
    if (parent) keys.add(postKeyText(parent))
    if (repost) keys.add(postKeyText(repost))
  }
  for (const { kind, targetKind, target } of edges)
    if (kind === 'tag' && targetKind === 'post') keys.add(target)
  return [...keys]
}

const KINDS = 'select key, kind from posts where key = any($1::text[]) and not deleted'

async function loadKinds(tx: Tx, keys: readonly string[]): Promise<Map<string, string>> {
  if (keys.length === 0) return new Map()
  const rows = await rowsOf<{ key: string; kind: string }>(tx, 'load_kinds', KINDS, [keys])
  return new Map(rows.map(({ key, kind }) => [key, kind]))
}

const FOLLOWS = `select f.follower, f.followed
  from unnest($1::text[], $2::text[]) as k (follower, followed)
  join follows f on f.follower = k.follower and f.followed = k.followed`

async function loadFollows(tx: Tx, edges: readonly Edge[]): Promise<Set<string>> {
  const follows = edges.filter(({ kind }) => kind === 'follow')
  if (follows.length === 0) return new Set()
  const back = [follows.map((e) => e.target), follows.map((e) => e.owner)]
  const rows = await rowsOf<{ follower: string; followed: string }>(
    tx,
    'load_follows',
    FOLLOWS,
    back,
  )
  return new Set(rows.map(({ follower, followed }) => followPair(follower, followed)))
}

/** Posts that exist and change, or that may come and change in one go: somebody may have to be told. */
function changingPosts(wanted: readonly Wanted[], states: Surroundings['states']): string[] {
  const seen = new Set<Address>()
  const keys = new Set<string>()
  for (const { at } of wanted) {
    const address = addressOf(at.owner, at.path)
    const state = states.get(address)
    const isPost = state?.kind === 'post' || at.path.startsWith('/pub/pubky.app/posts/')
    if (isPost && (state?.doc || seen.has(address))) keys.add(postKeyOf(at))
    seen.add(address)
  }
  return [...keys]
}
