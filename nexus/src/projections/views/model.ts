import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'

/**
 * For tests: what the views should show, worked out the slow and obvious way from what people did,
 * without a look at how the views do it.
 */
export type Says =
  | {
      what: 'post'
      key: string
      parent: string | null
      repost: string | null
      kind: string
      content: string
      idMs: number
    }
  | {
      what: 'tag'
      target: string
      label: string
      app: string
      targetKind: 'post' | 'person' | 'resource'
    }
  | { what: 'follow' | 'mute'; target: string }
  | { what: 'bookmark'; target: string }
  | { what: 'profile'; name: string }
  /** How signatures are to be judged: shows nothing by itself. */
  | { what: 'rule'; rule: Rule }

export interface Policy {
  says: 'policy'
  signed: string[]
  sinceMs: number
}

export type Rule =
  | Policy
  | { says: 'revoked'; at: number; keep: string | null }
  | { says: 'kept'; name: string; list: { path: string; body: string }[] }

export interface Deed {
  type: 'PUT' | 'DEL'
  owner: PublicKeyZ32
  path: StoragePath
  host: string
  eventId: number
  atMs: number
  /** What the body says; null for a body that is no valid object. */
  says: Says | null
  /** Equal texts are equal bodies. */
  body: string
  isFetched: boolean
  proof: number | 'invalid' | undefined
  /** Signed by a key that the owner granted. */
  byPhone: boolean
}

export type Happening =
  | ({ happens: 'deed' } & Deed)
  /** `policy`: what the record mirrors. */
  | { happens: 'home'; owner: PublicKeyZ32; host: string; atMs: number; policy: Policy | null }
  | { happens: 'purge'; owner: PublicKeyZ32; path: StoragePath | null; atMs: number }

type Verdict = 'unsigned' | 'signed' | 'stripped' | 'revoked'

interface Result {
  says: Says
  isLive: boolean
  indexedAt: number
  verdict: Verdict
}

interface Placed {
  deed: Deed
  epoch: number
  isPurged: boolean
}

/** Which epoch each deed belongs to, looking at one person's happenings in their order. */
function withEpochs(all: readonly Happening[]): Placed[] {
  const homes = all.flatMap((h, index) => (h.happens === 'home' ? [{ host: h.host, index }] : []))
  const found: Placed[] = []
  all.forEach((deed, index) => {
    if (deed.happens !== 'deed') return
    const past = homes.filter((home) => home.index < index)
    const now = past.at(-1)
    let epoch = -1
    if (now?.host === deed.host) epoch = past.length - 1
    else epoch = homes.findIndex((home) => home.index > index && home.host === deed.host)
    const isPurged = all.some(
      (h, at) => h.happens === 'purge' && at > index && (h.path === null || h.path === deed.path),
    )
    if (epoch >= 0) found.push({ deed, epoch, isPurged })
  })
  return found
}

/** What the last record mirrors; a purge of the person takes it away. */
function mirroredBy(all: readonly Happening[], owner: PublicKeyZ32): Policy | null {
  let policy: Policy | null = null
  for (const h of all) {
    if (h.owner !== owner) continue
    if (h.happens === 'home') policy = h.policy
    if (h.happens === 'purge' && h.path === null) policy = null
  }
  return policy
}

const dead = (result: Result): Result => ({ ...result, isLive: false })
const inOrder = (a: Placed, b: Placed) => a.epoch - b.epoch || a.deed.eventId - b.deed.eventId

/** What one person's objects about keys say in the end, and when a key was revoked first. */
function rulesOf(mine: readonly Placed[], mirrored: Policy | null) {
  const newest = new Map<string, number>()
  const found = { policy: null as Rule | null, revoked: null as Rule | null, kept: [] as Rule[] }
  let seen: Placed | null = null
  for (const placed of [...mine].sort(inOrder)) {
    const { deed, isPurged } = placed
    const { says, proof, path } = deed
    if (!path.includes('/pubky.keys/') || deed.byPhone || typeof proof !== 'number') continue
    if (deed.type === 'DEL' || proof <= (newest.get(path) ?? 0)) continue
    newest.set(path, proof)
    if (isPurged || !deed.isFetched || says?.what !== 'rule') continue
    if (says.rule.says === 'kept') found.kept.push(says.rule)
    else found[says.rule.says] = says.rule
    if (says.rule.says === 'revoked') seen ??= placed
  }
  const { policy, revoked, kept } = found

  function isDue(path: string, atMs: number): boolean {
    return [policy, mirrored].some((one) => {
      if (one?.says !== 'policy' || atMs < one.sinceMs) return false
      return one.signed.some((folder) => path.startsWith(folder))
    })
  }

  function holds(placed: Placed): boolean {
    const { deed } = placed
    const { byPhone, proof, path, body } = deed
    if (!byPhone || proof === undefined || revoked?.says !== 'revoked' || !seen) return true
    const wasHeld = inOrder(placed, seen) < 0
    if (deed.type === 'DEL') return wasHeld
    const isKept = kept.some(
      (one) =>
        one.says === 'kept' &&
        one.name === revoked.keep &&
        one.list.some((item) => item.path === path && item.body === body),
    )
    return Number(proof) < revoked.at && (wasHeld || isKept)
  }

  return { isDue, holds }
}

function resultOf(all: readonly Placed[], rules: ReturnType<typeof rulesOf>): Result | null {
  let result = null as Result | null
  let body: string | null = null
  let newest = 0
  let writtenMs = 0
  for (const placed of all) {
    const { deed, isPurged } = placed
    const { proof } = deed
    if (proof === 'invalid' || (proof !== undefined && proof <= newest)) continue
    const isValid = rules.holds(placed)
    if (proof !== undefined && isValid) newest = proof
    if (isPurged) continue
    const standsWithout = result?.isLive && result.verdict !== 'revoked'
    if (!isValid && (deed.type === 'DEL' || standsWithout)) continue
    if (deed.type === 'DEL') {
      if (result !== null) result = dead(result)
      body = null
    } else if (deed.isFetched && deed.says) {
      const verdict: Verdict = proof === undefined ? 'unsigned' : isValid ? 'signed' : 'revoked'
      writtenMs = deed.atMs
      if (result?.isLive && body === deed.body) {
        result = { ...result, verdict }
        continue
      }
      const isPost = deed.says.what === 'post'
      const keepsTime: boolean = result !== null && (result.isLive || isPost)
      const isOld = deed.says.what === 'post' && deed.says.idMs < deed.atMs - 86_400_000
      const first = isOld && deed.says.what === 'post' ? deed.says.idMs : deed.atMs
      result = {
        says: deed.says,
        isLive: true,
        indexedAt: keepsTime && result ? result.indexedAt : first,
        verdict,
      }
      body = deed.body
    }
  }
  const isStripped = newest > 0 || rules.isDue(all[0]?.deed.path ?? '', writtenMs)
  if (result === null || result.verdict !== 'unsigned' || !isStripped) return result
  return { ...result, verdict: 'stripped' }
}

export function expectedState(happenings: readonly Happening[]) {
  const owners = [...new Set(happenings.map(({ owner }) => owner))]
  const results: { owner: PublicKeyZ32; path: StoragePath; result: Result }[] = []
  for (const owner of owners) {
    const deeds = withEpochs(happenings.filter((h) => h.owner === owner))
    const rules = rulesOf(deeds, mirroredBy(happenings, owner))
    for (const path of new Set(deeds.map(({ deed }) => deed.path))) {
      const mine = deeds.filter(({ deed }) => deed.path === path).sort(inOrder)
      const result = resultOf(mine, rules)
      if (result) results.push({ owner, path, result })
    }
  }
  return tablesOf(owners, happenings, results)
}

function tablesOf(
  owners: readonly PublicKeyZ32[],
  happenings: readonly Happening[],
  results: readonly { owner: PublicKeyZ32; path: StoragePath; result: Result }[],
) {
  const live = results.filter(({ result }) => result.isLive)
  const posts = results.flatMap(({ owner, result: { says, ...rest } }) =>
    says.what === 'post' ? [{ ...says, author: owner, ...rest }] : [],
  )
  const livePosts = posts.filter(({ isLive }) => isLive)
  const tags = new Map<
    string,
    { target: string; label: string; tagger: string; app: string; targetKind: string }
  >()
  const follows = new Set<string>()
  const mutes = new Set<string>()
  const bookmarks = new Set<string>()
  for (const {
    owner,
    result: { says },
  } of live) {
    if (says.what === 'tag' && !(says.targetKind === 'resource' && says.app === 'pubky.app')) {
      const app = says.targetKind === 'resource' ? says.app : ''
      const { target, label, targetKind } = says
      tags.set(`${target} ${label} ${owner} ${app}`, {
        target,
        label,
        tagger: owner,
        app,
        targetKind,
      })
    }
    if (says.what === 'follow' && says.target !== owner) follows.add(`${owner} ${says.target}`)
    if (says.what === 'mute' && says.target !== owner) mutes.add(`${owner} ${says.target}`)
    if (says.what === 'bookmark') bookmarks.add(`${owner} ${says.target}`)
  }
  const allTags = [...tags.values()]
  const shownPosts = posts.flatMap((post) => {
    const { key, author, isLive, indexedAt, parent, repost } = post
    const mine = allTags.filter((tag) => tag.target === key)
    const replies = livePosts.filter((other) => other.parent === key)
    const reposts = livePosts.filter((other) => other.repost === key)
    const others = [
      ...mine.map(({ tagger }) => tagger),
      ...[...replies, ...reposts].map((other) => other.author),
      ...[...bookmarks].filter((b) => b.endsWith(` ${key}`)).map((b) => b.slice(0, 52)),
    ].filter((who) => who !== author)
    if (!isLive && others.length === 0) return []
    const labels = [...new Set(mine.map(({ label }) => label))]
    return [
      {
        key,
        content: isLive ? post.content : '[DELETED]',
        kind: isLive ? post.kind : 'short',
        parent,
        repost,
        indexedAt,
        verdict: isLive ? post.verdict : null,
        tags: mine.length,
        uniqueTags: labels.length,
        replies: replies.length,
        reposts: reposts.length,
        labels: labels.map((l) => `${l} ${mine.filter(({ label }) => label === l).length}`).sort(),
      },
    ]
  })
  const people = [
    ...new Set([
      ...owners,
      ...allTags.map((t) => t.target),
      ...[...follows].map((f) => f.slice(53)),
    ]),
  ]
  const counts = people.flatMap((user) => {
    const mine = livePosts.filter(({ author }) => author === user)
    const onMe = allTags.filter(({ target }) => target === user && target.length === 52)
    const all = {
      user,
      tagged: allTags.filter((t) => t.tagger === user && t.targetKind !== 'resource').length,
      tags: onMe.length,
      uniqueTags: new Set(onMe.map(({ label }) => label)).size,
      posts: mine.length,
      replies: mine.filter(({ parent }) => parent !== null).length,
      collections: mine.filter(({ kind }) => kind === 'collection').length,
      following: [...follows].filter((f) => f.startsWith(`${user} `)).length,
      followers: [...follows].filter((f) => f.endsWith(` ${user}`)).length,
      friends: [...follows].filter(
        (f) => f.startsWith(`${user} `) && follows.has(`${f.slice(53)} ${user}`),
      ).length,
      bookmarks: [...bookmarks].filter((b) => {
        if (!b.startsWith(`${user} `)) return false
        return !livePosts.some((post) => post.key === b.slice(53) && post.kind === 'collection')
      }).length,
    }
    const isZero = Object.values(all).every((value) => value === 0 || typeof value === 'string')
    return isZero ? [] : [all]
  })
  const profiles = results.flatMap(({ owner, result: { says, isLive } }) =>
    says.what === 'profile' ? [{ owner, name: isLive ? says.name : '[DELETED]' }] : [],
  )
  const users = owners
    .filter((owner) => happenings.some((h) => h.happens === 'home' && h.owner === owner))
    .map((id) => `${id} ${profiles.find(({ owner }) => owner === id)?.name ?? null}`)
  const sorted = <T>(items: readonly T[]) => items.map((item) => JSON.stringify(item)).sort()
  return {
    posts: sorted(shownPosts),
    counts: sorted(counts),
    tags: sorted(allTags.map(({ target, label, tagger, app }) => ({ target, label, tagger, app }))),
    follows: [...follows].sort(),
    mutes: [...mutes].sort(),
    bookmarks: [...bookmarks].sort(),
    users: users.sort(),
  }
}

export type ExpectedState = ReturnType<typeof expectedState>
