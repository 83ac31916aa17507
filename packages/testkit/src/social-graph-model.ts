import { type Label, type PostKey, postKeyText } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'
import type {
  GraphOp,
  HotLabel,
  Reach,
  Scored,
  TrustedLabel,
  Window,
} from '../../../nexus/src/graph/social-graph.ts'

type Op<K extends GraphOp['op']> = Extract<GraphOp, { op: K }>

/** The social graph in the most obvious way: what every adapter is compared with. */
export function createGraphModel() {
  const users = new Set<PublicKeyZ32>()
  const posts = new Map<string, Op<'post'>>()
  const follows = new Map<string, Op<'follow'>>()
  const tags = new Map<string, Op<'tag'>>()

  const textOf = (target: PublicKeyZ32 | PostKey) =>
    typeof target === 'string' ? target : postKeyText(target)

  function apply(op: GraphOp): void {
    if (op.op === 'user') op.present ? users.add(op.user) : users.delete(op.user)
    if (op.op === 'post') set(posts, postKeyText(op.post), op)
    if (op.op === 'follow') set(follows, `${op.from} ${op.to}`, op)
    if (op.op === 'tag') set(tags, `${textOf(op.target)} ${op.label} ${op.tagger}`, op)
  }

  function set<T extends { present: boolean }>(map: Map<string, T>, key: string, op: T): void {
    if (op.present) map.set(key, op)
    else map.delete(key)
  }

  const edges = () => [...follows.values()]
  const follow = (from: PublicKeyZ32, to: PublicKeyZ32) => follows.get(`${from} ${to}`)

  function reach(user: PublicKeyZ32, r: Reach): PublicKeyZ32[] {
    const found = new Map<PublicKeyZ32, { hops: number; at: number }>()
    const add = (id: PublicKeyZ32, hops: number, at: number) => {
      const known = found.get(id)
      if (id === user || (known && known.hops < hops)) return
      found.set(id, { hops, at: Math.max(at, known?.at ?? Number.NEGATIVE_INFINITY) })
    }
    if (r.kind === 'followers') for (const e of edges()) if (e.to === user) add(e.from, 1, e.atMs)
    if (r.kind !== 'followers') for (const e of edges()) if (e.from === user) add(e.to, 1, e.atMs)
    if (r.kind === 'friends')
      for (const [id, place] of [...found]) {
        const back = follow(id, user)
        if (back) place.at = Math.max(place.at, back.atMs)
        else found.delete(id)
      }
    if (r.kind === 'wot')
      for (let hops = 2; hops <= r.depth; hops += 1) {
        const last = [...found].filter(([, place]) => place.hops === hops - 1).map(([id]) => id)
        for (const e of edges()) if (last.includes(e.from)) add(e.to, hops, e.atMs)
      }
    return [...found]
      .sort(([a, x], [b, y]) => x.hops - y.hops || y.at - x.at || compare(a, b))
      .map(([id]) => id)
  }

  function recommended(user: PublicKeyZ32, minPosts: number, far: number): Scored[] {
    const near = reach(user, { kind: 'wot', depth: 1 })
    const further = reach(user, { kind: 'wot', depth: 2 }).filter((id) => !near.includes(id))
    const scores = new Map<PublicKeyZ32, number>()
    for (const { from, to } of edges()) {
      const vote = near.includes(from) ? 1 : further.includes(from) ? far : 0
      if (vote > 0) scores.set(to, (scores.get(to) ?? 0) + vote)
    }
    const written = (id: PublicKeyZ32) =>
      [...posts.values()].filter((op) => op.post.author === id).length
    return ranked(scores).filter(
      ({ user: id }) =>
        id !== user && !follow(user, id) && users.has(id) && written(id) >= minPosts,
    )
  }

  function influencers(window: Window, within: PublicKeyZ32[] | null): Scored[] {
    const inWindow = (op: { atMs: number }) => op.atMs >= window.fromMs && op.atMs < window.toMs
    const scores = new Map<PublicKeyZ32, number>()
    for (const id of users) {
      if (within && !within.includes(id)) continue
      const given = [...tags.values()].filter(
        (op) => op.tagger === id && typeof op.target !== 'string' && inWindow(op),
      ).length
      const written = [...posts.values()].filter(
        (op) => op.post.author === id && inWindow(op),
      ).length
      const followers = edges().filter((op) => op.to === id && (within || inWindow(op))).length
      const score = (given + written) * Math.sqrt(followers)
      if (score > 0) scores.set(id, score)
    }
    return ranked(scores)
  }

  function hotTags(
    window: Window,
    within: PublicKeyZ32[] | null,
    taggersLimit: number,
  ): HotLabel[] {
    const counted = [...tags.values()].filter(
      (op) =>
        typeof op.target !== 'string' &&
        posts.has(textOf(op.target)) &&
        op.atMs >= window.fromMs &&
        op.atMs < window.toMs &&
        (!within || within.includes(op.tagger)),
    )
    return grouped(counted)
      .map(([label, ops]) => {
        const taggers = newest(ops)
        const tagged = new Set(ops.map((op) => textOf(op.target))).size
        return {
          label,
          tagged,
          taggersCount: taggers.length,
          taggers: taggers.slice(0, taggersLimit),
        }
      })
      .sort((a, b) => b.tagged - a.tagged || compare(a.label, b.label))
  }

  function trusted(
    viewer: PublicKeyZ32,
    target: PublicKeyZ32 | PostKey,
    depth: 1 | 2 | 3,
  ): TrustedLabel[] {
    const within = reach(viewer, { kind: 'wot', depth })
    const counted = [...tags.values()].filter(
      (op) => textOf(op.target) === textOf(target) && within.includes(op.tagger),
    )
    return grouped(counted)
      .map(([label, ops]) => ({ label, taggers: newest(ops), count: ops.length }))
      .sort((a, b) => b.count - a.count || compare(a.label, b.label))
  }

  /** Hops of a shortest chain; null when there is none. */
  function distance(from: PublicKeyZ32, to: PublicKeyZ32): number | null {
    const hops = new Map([[from, 0]])
    for (const id of hops.keys())
      for (const e of edges())
        if (e.from === id && !hops.has(e.to)) hops.set(e.to, (hops.get(id) ?? 0) + 1)
    return hops.get(to) ?? null
  }

  return { apply, reach, follow, recommended, influencers, hotTags, trusted, distance }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function ranked(scores: Map<PublicKeyZ32, number>): Scored[] {
  const all = [...scores].map(([user, score]) => ({ user, score: Math.round(score * 1e6) / 1e6 }))
  return all.sort((a, b) => b.score - a.score || compare(a.user, b.user))
}

function grouped(ops: Op<'tag'>[]): [Label, Op<'tag'>[]][] {
  const groups = new Map<Label, Op<'tag'>[]>()
  for (const op of ops) groups.set(op.label, [...(groups.get(op.label) ?? []), op])
  return [...groups]
}

function newest(ops: Op<'tag'>[]): PublicKeyZ32[] {
  const last = new Map<PublicKeyZ32, number>()
  for (const op of ops) last.set(op.tagger, Math.max(op.atMs, last.get(op.tagger) ?? op.atMs))
  return [...last].sort(([a, x], [b, y]) => y - x || compare(a, b)).map(([id]) => id)
}
