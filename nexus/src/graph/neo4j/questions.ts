import { FAR_FOLLOWER_SCORE, MAX_HOP, RECOMMENDED_MIN_POSTS, type Reach } from '../social-graph.ts'

const NOT_NEAR = 'NOT EXISTS { (u)-[:FOLLOWS]->(o) }'
const NOT_NEXT = 'NOT EXISTS { (u)-[:FOLLOWS]->()-[:FOLLOWS]->(o) }'

const FOLLOWING = `MATCH (u)-[f:FOLLOWS]->(o:Person) WHERE o <> u
  RETURN o AS person, f.atMs AS at, 1 AS hops`
const FOLLOWERS = `MATCH (u)<-[f:FOLLOWS]-(o:Person) WHERE o <> u
  RETURN o AS person, f.atMs AS at, 1 AS hops`
const FRIENDS = `MATCH (u)-[f:FOLLOWS]->(o:Person)-[b:FOLLOWS]->(u) WHERE o <> u
  RETURN o AS person, CASE WHEN f.atMs > b.atMs THEN f.atMs ELSE b.atMs END AS at, 1 AS hops`

const FIRST_HOP = `MATCH (u)-[f:FOLLOWS]->(via:Person) WHERE via <> u
  WITH u, via ORDER BY f.atMs DESC, via.id LIMIT ${MAX_HOP}`
const SECOND_HOP = `${FIRST_HOP} MATCH (via)-[f:FOLLOWS]->(o:Person) WHERE o <> u AND ${NOT_NEAR}
  WITH u, o, max(f.atMs) AS at`
const THIRD_HOP = `${SECOND_HOP} WITH u, o AS via ORDER BY at DESC, via.id LIMIT ${MAX_HOP}
  MATCH (via)-[f:FOLLOWS]->(o:Person) WHERE o <> u AND ${NOT_NEAR} AND ${NOT_NEXT}
  WITH u, o, max(f.atMs) AS at`
const HOPS = [
  FOLLOWING,
  `${SECOND_HOP} RETURN o AS person, at, 2 AS hops`,
  `${THIRD_HOP} RETURN o AS person, at, 3 AS hops`,
]

function peopleIn(reach: Reach): string {
  switch (reach.kind) {
    case 'followers':
      return FOLLOWERS
    case 'following':
      return FOLLOWING
    case 'friends':
      return FRIENDS
    case 'wot':
      return HOPS.slice(0, reach.depth).join(' UNION ALL ')
  }
}

/** Binds `person`, `at` and `hops` for everybody in reach of $user. */
function within(reach: Reach): string {
  return `MATCH (u:Person {id: $user}) CALL (u) { ${peopleIn(reach)} }`
}

export function reachQuestion(reach: Reach): string {
  return `${within(reach)} RETURN person.id AS id ORDER BY hops, at DESC, id SKIP $skip LIMIT $limit`
}

export const RELATION = `
  UNWIND range(0, size($users) - 1) AS i
  RETURN i,
    EXISTS { (:Person {id: $user})-[:FOLLOWS]->(:Person {id: $users[i]}) } AS following,
    EXISTS { (:Person {id: $users[i]})-[:FOLLOWS]->(:Person {id: $user}) } AS followedBy
  ORDER BY i`

const FAR_PART = Math.round(1 / FAR_FOLLOWER_SCORE)

export const RECOMMENDED = `
  MATCH (u:Person {id: $user})
  CALL (u) {
    ${FIRST_HOP} MATCH (via)-[:FOLLOWS]->(c:Person) RETURN c, ${FAR_PART} AS vote
    UNION ALL
    ${SECOND_HOP} WITH u, o ORDER BY o.id LIMIT ${MAX_HOP}
    MATCH (o)-[:FOLLOWS]->(c:Person) RETURN c, 1 AS vote
  }
  WITH u, c, sum(vote) / ${FAR_PART}.0 AS score
  WHERE c <> u AND c.present AND NOT EXISTS { (u)-[:FOLLOWS]->(c) }
    AND COUNT { MATCH (p:Post {author: c.id}) WHERE p.present } >= ${RECOMMENDED_MIN_POSTS}
  RETURN c.id AS id, score ORDER BY score DESC, id SKIP $skip LIMIT $limit`

export function influencersQuestion(reach: Reach | null): string {
  const people = reach
    ? `${within(reach)} WITH person AS p WHERE p.present`
    : 'MATCH (p:Person) WHERE p.present'
  const won = reach ? '' : 'WHERE f.atMs >= $from AND f.atMs < $to'
  return `${people}
  WITH p, COUNT { MATCH (p)<-[f:FOLLOWS]-() ${won} } AS followers,
    COUNT { MATCH (p)-[t:TAGGED]->(:Post) WHERE t.atMs >= $from AND t.atMs < $to } AS given,
    COUNT { MATCH (q:Post {author: p.id}) WHERE q.present AND q.atMs >= $from AND q.atMs < $to } AS written
  WITH p.id AS id, (given + written) * sqrt(followers) AS score WHERE score > 0
  RETURN id, score ORDER BY score DESC, id SKIP $skip LIMIT $limit`
}

/** The taggers of a list of {id, at}, the latest first. */
const NEWEST_TAGGERS = `CALL (edges) {
    UNWIND edges AS e WITH e.id AS id, max(e.at) AS at ORDER BY at DESC, id
    RETURN collect(id) AS taggers
  }`

export function hotTagsQuestion(reach: Reach | null): string {
  const people = reach ? `${within(reach)} WITH person AS a` : ''
  return `${people}
  MATCH (a${reach ? '' : ':Person'})-[t:TAGGED]->(q:Post)
  WHERE q.present AND t.atMs >= $from AND t.atMs < $to
  WITH t.label AS label, count(DISTINCT q) AS tagged, collect({id: a.id, at: t.atMs}) AS edges
  ORDER BY tagged DESC, label SKIP $skip LIMIT $limit
  ${NEWEST_TAGGERS}
  RETURN label, tagged, size(taggers) AS taggersCount, taggers[0..$taggersLimit] AS taggers
  ORDER BY tagged DESC, label`
}

export function trustedQuestion(
  depth: 1 | 2 | 3,
  o: { ofPost: boolean; oneLabel: boolean },
): string {
  const target = o.ofPost ? 'Post {key: $target}' : 'Person {id: $target}'
  const page = o.oneLabel
    ? 'WHERE label = $label'
    : 'ORDER BY count DESC, label SKIP $skip LIMIT $limit'
  const taggers = o.oneLabel ? 'taggers[$skip..($skip + $limit)]' : 'taggers'
  return `${within({ kind: 'wot', depth })} WITH person AS a
  MATCH (a)-[t:TAGGED]->(:${target})
  WITH t.label AS label, count(t) AS count, collect({id: a.id, at: t.atMs}) AS edges ${page}
  ${NEWEST_TAGGERS}
  RETURN label, count, ${taggers} AS taggers ORDER BY count DESC, label`
}

export function pathQuestion(depth: number): string {
  return `MATCH (a:Person {id: $user}), (b:Person {id: $to})
  MATCH path = shortestPath((a)-[:FOLLOWS*..${Math.trunc(depth)}]->(b))
  RETURN [n IN nodes(path) | n.id] AS ids`
}
