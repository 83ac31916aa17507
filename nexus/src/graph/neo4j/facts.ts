import { type PostKey, postKeyText } from '@pubky/app-specs'
import type { GraphOp } from '../social-graph.ts'

const at = (op: { atMs: number }) => BigInt(Math.trunc(op.atMs))
const text = (key: PostKey | null) => key && postKeyText(key)

/** One statement for all facts of a kind. */
interface Writing {
  cypher: string
  rows: object[]
}

const USERS = 'UNWIND $rows AS r MERGE (p:Person {id: r.id}) SET p.present = r.present'

const FORGET_LINKS = `
  UNWIND $rows AS r MATCH (p:Post {key: r.key})-[old:REPLIED|REPOSTED|MENTIONED]->() DELETE old`
const POSTS = `
  UNWIND $rows AS r MERGE (p:Post {key: r.key})
  SET p.present = r.present, p.author = r.author, p.kind = r.kind, p.atMs = r.at`
const REPLIES = `
  UNWIND $rows AS r MATCH (p:Post {key: r.key}) MERGE (t:Post {key: r.to}) MERGE (p)-[:REPLIED]->(t)`
const REPOSTS = `
  UNWIND $rows AS r MATCH (p:Post {key: r.key}) MERGE (t:Post {key: r.to}) MERGE (p)-[:REPOSTED]->(t)`
const MENTIONS = `
  UNWIND $rows AS r MATCH (p:Post {key: r.key}) MERGE (t:Person {id: r.to}) MERGE (p)-[:MENTIONED]->(t)`

const FOLLOWED = `
  UNWIND $rows AS r MERGE (a:Person {id: r.from}) MERGE (b:Person {id: r.to})
  MERGE (a)-[f:FOLLOWS]->(b) SET f.atMs = r.at`
const UNFOLLOWED = `
  UNWIND $rows AS r MATCH (:Person {id: r.from})-[f:FOLLOWS]->(:Person {id: r.to}) DELETE f`

const tagged = (target: string) => `
  UNWIND $rows AS r MERGE (a:Person {id: r.from}) MERGE (t:${target})
  MERGE (a)-[g:TAGGED {label: r.label}]->(t) SET g.atMs = r.at`
const untagged = (target: string) => `
  UNWIND $rows AS r MATCH (:Person {id: r.from})-[g:TAGGED {label: r.label}]->(:${target}) DELETE g`
const PERSON = 'Person {id: r.to}'
const POST = 'Post {key: r.to}'

const BOOKMARKED = `
  UNWIND $rows AS r MERGE (a:Person {id: r.from}) MERGE (t:Post {key: r.to})
  MERGE (a)-[b:BOOKMARKED]->(t) SET b.atMs = r.at`
const UNBOOKMARKED = `
  UNWIND $rows AS r MATCH (:Person {id: r.from})-[b:BOOKMARKED]->(:Post {key: r.to}) DELETE b`

/** The statements that write these facts; of one thing only the last fact counts. */
export function writingsOf(ops: readonly GraphOp[]): Writing[] {
  const latest = new Map<string, GraphOp>()
  for (const op of ops) latest.set(nameOf(op), op)
  const all = [...latest.values()]
  const rows = <K extends GraphOp['op']>(
    kind: K,
    present: boolean | null,
    row: (op: Extract<GraphOp, { op: K }>) => object | null,
  ): object[] =>
    all
      .filter((op): op is Extract<GraphOp, { op: K }> => op.op === kind)
      .filter((op) => present === null || op.present === present)
      .map(row)
      .filter((found) => found !== null)
  const tags = (present: boolean, ofPost: boolean) =>
    rows('tag', present, (op) => {
      if ((typeof op.target !== 'string') !== ofPost) return null
      const to = typeof op.target === 'string' ? op.target : postKeyText(op.target)
      return { from: op.tagger, to, label: op.label, at: at(op) }
    })
  const links = (to: (op: Extract<GraphOp, { op: 'post' }>) => string | null) =>
    rows('post', true, (op) => {
      const target = to(op)
      return target === null ? null : { key: postKeyText(op.post), to: target }
    })
  const follow = (op: Extract<GraphOp, { op: 'follow' }>) => ({
    from: op.from,
    to: op.to,
    at: at(op),
  })
  const bookmark = (op: Extract<GraphOp, { op: 'bookmark' }>) => ({
    from: op.from,
    to: postKeyText(op.post),
    at: at(op),
  })
  const posts = rows('post', null, (op) => ({
    key: postKeyText(op.post),
    author: op.post.author,
    present: op.present,
    kind: op.kind,
    at: at(op),
  }))
  const mentions = all.flatMap((op) =>
    op.op === 'post' && op.present
      ? op.mentions.map((to) => ({ key: postKeyText(op.post), to }))
      : [],
  )
  const writings: Writing[] = [
    { cypher: USERS, rows: rows('user', null, (op) => ({ id: op.user, present: op.present })) },
    { cypher: FORGET_LINKS, rows: posts },
    { cypher: POSTS, rows: posts },
    { cypher: REPLIES, rows: links((op) => text(op.replyTo)) },
    { cypher: REPOSTS, rows: links((op) => text(op.repostOf)) },
    { cypher: MENTIONS, rows: mentions },
    { cypher: UNFOLLOWED, rows: rows('follow', false, follow) },
    { cypher: FOLLOWED, rows: rows('follow', true, follow) },
    { cypher: untagged(PERSON), rows: tags(false, false) },
    { cypher: untagged(POST), rows: tags(false, true) },
    { cypher: tagged(PERSON), rows: tags(true, false) },
    { cypher: tagged(POST), rows: tags(true, true) },
    { cypher: UNBOOKMARKED, rows: rows('bookmark', false, bookmark) },
    { cypher: BOOKMARKED, rows: rows('bookmark', true, bookmark) },
  ]
  return writings.filter((writing) => writing.rows.length > 0)
}

function nameOf(op: GraphOp): string {
  switch (op.op) {
    case 'user':
      return `user ${op.user}`
    case 'post':
      return `post ${postKeyText(op.post)}`
    case 'follow':
      return `follow ${op.from} ${op.to}`
    case 'tag': {
      const to = typeof op.target === 'string' ? op.target : postKeyText(op.target)
      return `tag ${op.tagger} ${to} ${op.label}`
    }
    case 'bookmark':
      return `bookmark ${op.from} ${postKeyText(op.post)}`
  }
}
