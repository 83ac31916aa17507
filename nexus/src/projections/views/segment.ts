import { parsePostKey, postKeyText } from '@pubky/app-specs'
import { POLICY_PATH, type StoragePath } from '@pubky/protocol'
import { type Edge, edgeKey, edgeOf, postLinks } from '../../objects/edges.ts'
import type { ObjectState } from '../../objects/fold.ts'
import { verdictUnder } from '../../objects/key-rules.ts'
import { kindOfPath } from '../../objects/kind-of-path.ts'
import type { PostDoc } from '../../objects/object-doc.ts'
import type { Changes } from './changes.ts'
import {
  linkKeys,
  type Owned,
  postKeyOf,
  saveDocuments,
  saveLastRead,
  saveUsers,
} from './document-rows.ts'
import { noticeOfFollow, noticeOfTag } from './edge-notices.ts'
import { type Assertions, firstAssertion, lastSegment, saveEdges } from './edge-rows.ts'
import { type Interactor, interactorKey, uriOf } from './interactors.ts'
import type { Notice } from './notice.ts'
import { type Address, addressOf, saveObjects } from './object-rows.ts'
import type { OwnerRecords } from './owner-records.ts'
import {
  noticesOfDeletion,
  noticesOfEdit,
  noticesOfNewPost,
  type PostContext,
} from './post-notices.ts'
import type { Tx } from './sql.ts'
import { followPair, loadSurroundings, type Wanted } from './surroundings.ts'
import { add, type Sums } from './touched.ts'

/** The entry that makes something happen; what an operator removes is told to nobody. */
export interface Cause {
  position: bigint
  receivedAtMs: number
  isSilent: boolean
}

/** Changes of objects, made in memory one after another, then written together. */
export async function openSegment(
  tx: Tx,
  changes: Changes,
  o: { wanted: readonly Wanted[]; found?: readonly ObjectState[] | null; records: OwnerRecords },
) {
  const { records } = o
  const around = await loadSurroundings(tx, o.wanted, o.found)
  const { touched } = changes
  const dirtyObjects = new Map<Address, Owned>()
  const dirtyEdges = new Map<string, Assertions>()

  function stateOf(at: Owned): ObjectState | null {
    return around.states.get(addressOf(at.owner, at.path)) ?? null
  }

  /** Where nothing has won there is nothing to judge. */
  function withVerdict(state: ObjectState | null): ObjectState | null {
    if (!state || state.position === null) return state
    return { ...state, verdict: verdictUnder(records.rulesOf(state.owner), state) }
  }

  /** Puts `folded` in the place of what was there, under the rules of its owner. */
  function change(at: Owned, folded: ObjectState | null, cause: Cause): void {
    const before = stateOf(at)
    const after = withVerdict(folded)
    around.states.set(addressOf(at.owner, at.path), after)
    dirtyObjects.set(addressOf(at.owner, at.path), at)
    const kind = kindOfPath(at.path)
    if (kind === 'post') changePost(at, before, after, cause)
    else changeEdges(at, edgeOf(before), edgeOf(after), after, cause)
    if (kind === 'lastRead') changes.unread.add(at.owner)
    if (kind === 'profile') changes.people.add(at.owner)
    if (kind === 'key' && records.setRule(at.owner, at.path, after) && at.path === POLICY_PATH)
      changes.judges.add(at.owner)
  }

  function tell(cause: Cause, notices: readonly (Notice | null)[]): void {
    if (cause.isSilent) return
    for (const notice of notices) if (notice) changes.notices.add(cause, notice)
  }

  function changePost(
    at: Owned,
    before: ObjectState | null,
    after: ObjectState | null,
    cause: Cause,
  ): void {
    const key = postKeyOf(at)
    const old = livePost(before)
    const doc = livePost(after)
    if (sameView(before, after)) return
    touched.posts.add(key)
    changes.views.add(key)
    if (before?.doc && !after?.doc) changes.gone.add(key)
    add(touched, at.owner, countPost(doc, 1))
    add(touched, at.owner, countPost(old, -1))
    if ((old?.kind === 'collection') !== (doc?.kind === 'collection')) touched.collections.add(key)
    moveLinks(at, before, after)
    if (doc) around.kinds.set(key, doc.kind)
    else around.kinds.delete(key)
    const context = contextOf(key)
    if (doc && !old) tell(cause, noticesOfNewPost(context, doc))
    else if (doc && old && before?.hash !== after?.hash)
      tell(cause, noticesOfEdit(context, old, doc))
    else if (old && !doc) tell(cause, noticesOfDeletion(context, old))
  }

  function contextOf(key: string): PostContext {
    return {
      key: parsePostKey(key),
      kindOf: (other) => around.kinds.get(postKeyText(other)) ?? 'unknown',
      interactors: () => around.interactors.get(key)?.values() ?? [],
    }
  }

  function moveLinks(at: Owned, before: ObjectState | null, after: ObjectState | null): void {
    const key = postKeyOf(at)
    for (const [state, isNow] of [
      [before, false],
      [after, true],
    ] as const) {
      const { parent, repost } = linkKeys(state)
      const isThere = isNow && livePost(state) !== null
      for (const target of [parent, repost]) if (target) touched.posts.add(target)
      for (const [source, target] of [
        ['reply_parent', parent],
        ['repost_embed', repost],
      ] as const)
        if (target)
          note(
            target,
            { source, who: at.owner, ref: key, uri: uriOf(source, at.owner, key) },
            isThere,
          )
    }
  }

  /** Keeps the list of those who refer to a post, where one was loaded. */
  function note(post: string, interactor: Interactor, isThere: boolean): void {
    if (post.startsWith(interactor.who)) return
    const all = around.interactors.get(post)
    if (isThere) all?.set(interactorKey(interactor), interactor)
    else all?.delete(interactorKey(interactor))
  }

  function changeEdges(
    at: Owned,
    old: Edge | null,
    edge: Edge | null,
    after: ObjectState | null,
    cause: Cause,
  ): void {
    if (old && (!edge || edgeKey(old) !== edgeKey(edge))) assert(at, old, null, cause)
    if (edge) assert(at, edge, after, cause)
  }

  /** The object at `at` asserts the edge from now on, or with null no longer. */
  function assert(at: Owned, edge: Edge, by: ObjectState | null, cause: Cause): void {
    const key = edgeKey(edge)
    const assertions = around.assertions.get(key) ?? { edge, by: new Map() }
    around.assertions.set(key, assertions)
    const was = firstAssertion(assertions)
    const { path } = at
    if (by) assertions.by.set(path, { path, id: lastSegment(path), indexedAt: by.indexedAt })
    else assertions.by.delete(path)
    const is = firstAssertion(assertions)
    if (was?.path === is?.path && was?.indexedAt === is?.indexedAt) return
    dirtyEdges.set(key, assertions)
    touchEdge(edge)
    noteEdge(edge, is?.path ?? null)
    if ((was === null) === (is === null)) return
    countEdge(edge, is === null ? -1 : 1)
    const { kind, owner: from, target: to } = edge
    if (kind === 'follow' || kind === 'mute')
      changes.edges.push({ edge: kind, from, to, isThere: is !== null })
    if (kind === 'follow') {
      changeFollow(edge, is !== null, cause)
    } else if (kind === 'tag') {
      const postKind = around.kinds.get(to) ?? 'unknown'
      tell(cause, [noticeOfTag(edge, is !== null, postKind)])
    }
  }

  function changeFollow(edge: Edge, isNew: boolean, cause: Cause): void {
    const { owner, target } = edge
    if (isNew) around.follows.add(followPair(owner, target))
    else around.follows.delete(followPair(owner, target))
    tell(cause, [noticeOfFollow(edge, isNew, around.follows.has(followPair(target, owner)))])
  }

  function noteEdge(
    { kind, target, targetKind, owner, label }: Edge,
    path: StoragePath | null,
  ): void {
    if (targetKind !== 'post' || (kind !== 'tag' && kind !== 'bookmark')) return
    const source = kind === 'tag' ? 'tagged_post' : 'bookmark'
    const ref = kind === 'tag' ? `${owner} ${label}` : owner
    const id = kind === 'tag' ? path : path && lastSegment(path)
    note(target, { source, who: owner, ref, uri: id ? uriOf(source, owner, id) : '' }, id !== null)
  }

  function countEdge({ kind, owner, target, targetKind }: Edge, by: 1 | -1): void {
    if (kind === 'tag' && targetKind !== 'resource') add(touched, owner, { tagged: by })
    if (kind !== 'follow') return
    add(touched, owner, { following: by })
    add(touched, target, { followers: by })
  }

  function touchEdge({ kind, target, targetKind, owner, uri }: Edge): void {
    const { people } = touched
    if (kind === 'follow') {
      people.friends.add(owner).add(target)
    } else if (kind === 'bookmark') {
      people.bookmarks.add(owner)
      touched.posts.add(target)
    } else if (kind === 'tag') {
      if (targetKind === 'person') people.tags.add(target)
      if (targetKind === 'resource') touched.resources.set(target, uri ?? '')
      if (targetKind === 'post') {
        touched.posts.add(target)
        changes.views.add(target)
      }
    }
  }

  /** Writes what has changed; counters wait for the end of the batch. Need not be waited for. */
  async function flush(): Promise<void> {
    const dirty = [...dirtyObjects].map(([address, at]) => ({ address, at, state: stateOf(at) }))
    const profiles = dirty.filter(({ at }) => kindOfPath(at.path) === 'profile')
    const people = profiles.map(({ at, state }) => ({
      id: at.owner,
      timeline: records.timelineOf(at.owner),
      profile: state,
    }))
    const read = dirty.filter(({ at }) => kindOfPath(at.path) === 'lastRead')
    await Promise.all([
      saveObjects(tx, new Map(dirty.map(({ address, state }) => [address, state]))),
      saveDocuments(tx, dirty),
      saveEdges(tx, [...dirtyEdges.values()]),
      saveUsers(tx, people),
      saveLastRead(tx, new Map(read.map(({ at, state }) => [at.owner, readAt(state)]))),
    ])
  }

  return { stateOf, change, flush }
}

function livePost(state: ObjectState | null): PostDoc | null {
  return state && !state.deleted && state.doc?.kind === 'post' ? state.doc.value : null
}

function countPost(doc: PostDoc | null, by: 1 | -1): Partial<Sums> {
  if (!doc) return {}
  const isReply = postLinks(doc).parent !== null
  const isCollection = doc.kind === 'collection'
  return { posts: by, replies: isReply ? by : 0, collections: isCollection ? by : 0 }
}

function readAt(state: ObjectState | null): number | null {
  return state && !state.deleted && state.doc?.kind === 'lastRead' ? state.doc.at : null
}

/** False when something that people can see differs. */
function sameView(a: ObjectState | null, b: ObjectState | null): boolean {
  return (
    a?.hash === b?.hash &&
    (a?.deleted ?? true) === (b?.deleted ?? true) &&
    (a?.doc === null || a === null) === (b?.doc === null || b === null) &&
    a?.verdict === b?.verdict &&
    a?.indexedAt === b?.indexedAt
  )
}
