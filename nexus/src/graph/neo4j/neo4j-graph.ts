import { type Label, type PostKey, postKeyText } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'
import neo4j, { type ManagedTransaction } from 'neo4j-driver'
import {
  type HotLabel,
  MAX_PATH_DEPTH,
  type Page,
  type Reach,
  type Scored,
  type SocialGraph,
  type TrustedLabel,
  type Window,
} from '../social-graph.ts'
import { writingsOf } from './facts.ts'
import {
  hotTagsQuestion,
  influencersQuestion,
  pathQuestion,
  RECOMMENDED,
  RELATION,
  reachQuestion,
  trustedQuestion,
} from './questions.ts'
import { FORGET_SOME, LOCK_POSITION, READ_POSITION, SCHEMA, SET_POSITION } from './schema.ts'

export interface Neo4jOptions {
  /** Such as `bolt://127.0.0.1:7687`. */
  uri: string
  user?: string
  password?: string
  database?: string
}

type Row = Record<string, unknown>

/** The social graph in Neo4j. Connects and prepares the schema; rejects when it cannot. */
export async function createNeo4jGraph(o: Neo4jOptions): Promise<SocialGraph> {
  const auth = o.password ? neo4j.auth.basic(o.user ?? 'neo4j', o.password) : undefined
  const driver = neo4j.driver(o.uri, auth, {
    useBigInt: true,
    maxConnectionPoolSize: 20,
    connectionAcquisitionTimeout: 10_000,
  })
  const database = o.database ? { database: o.database } : {}
  try {
    for (const statement of SCHEMA) await driver.executeQuery(statement, {}, database)
  } catch (error) {
    await driver.close()
    throw error
  }

  async function ask(cypher: string, parameters: Row): Promise<Row[]> {
    const { records } = await driver.executeQuery(cypher, parameters, {
      ...database,
      routing: neo4j.routing.READ,
    })
    return records.map((record) => record.toObject())
  }

  async function write(work: (tx: ManagedTransaction) => Promise<void>): Promise<void> {
    const session = driver.session(database)
    try {
      await session.executeWrite(work)
    } finally {
      await session.close()
    }
  }

  async function position(): Promise<bigint> {
    const [row] = await ask(READ_POSITION, {})
    return typeof row?.position === 'bigint' ? row.position : 0n
  }

  async function scored(cypher: string, parameters: Row): Promise<Scored[]> {
    const rows = await ask(cypher, parameters)
    return rows.map(({ id, score }) => ({ user: id as PublicKeyZ32, score: Number(score) }))
  }

  return {
    position,

    async reset() {
      for (let gone = 1; gone > 0; ) {
        const { records } = await driver.executeQuery(FORGET_SOME, {}, database)
        gone = Number(records[0]?.get('gone') ?? 0)
      }
    },

    apply: ({ position: to, ops }) =>
      write(async (tx) => {
        const { records } = await tx.run(LOCK_POSITION)
        if (BigInt(records[0]?.get('position') ?? 0) >= to) return
        for (const { cypher, rows } of writingsOf(ops)) await tx.run(cypher, { rows })
        await tx.run(SET_POSITION, { position: to })
      }),

    async reach(user: PublicKeyZ32, r: Reach, p: Page) {
      const rows = await ask(reachQuestion(r), { user, ...pageOf(p) })
      return rows.map(({ id }) => id as PublicKeyZ32)
    },

    async relation(viewer, users) {
      const rows = await ask(RELATION, { user: viewer, users: [...users] })
      return rows.map(({ following, followedBy }) => ({
        following: following === true,
        followedBy: followedBy === true,
      }))
    },

    recommended: (user, p) => scored(RECOMMENDED, { user, ...pageOf(p) }),

    influencers: ({ window, within, ...p }) =>
      scored(influencersQuestion(within?.reach ?? null), {
        user: within?.user ?? null,
        ...windowOf(window),
        ...pageOf(p),
      }),

    async hotTags({ window, within, taggersLimit, ...p }) {
      const rows = await ask(hotTagsQuestion(within?.reach ?? null), {
        user: within?.user ?? null,
        taggersLimit: BigInt(taggersLimit),
        ...windowOf(window),
        ...pageOf(p),
      })
      return rows.map(
        (row): HotLabel => ({
          label: row.label as Label,
          tagged: Number(row.tagged),
          taggersCount: Number(row.taggersCount),
          taggers: row.taggers as PublicKeyZ32[],
        }),
      )
    },

    async trustedTaggers(viewer, target: PublicKeyZ32 | PostKey, depth, label, p) {
      const ofPost = typeof target !== 'string'
      const rows = await ask(trustedQuestion(depth, { ofPost, oneLabel: label !== null }), {
        user: viewer,
        target: ofPost ? postKeyText(target) : target,
        label,
        ...pageOf(p),
      })
      return rows.map(
        (row): TrustedLabel => ({
          label: row.label as Label,
          taggers: row.taggers as PublicKeyZ32[],
          count: Number(row.count),
        }),
      )
    },

    async path(from, to, maxDepth) {
      if (from === to) return [from]
      const depth = Math.min(maxDepth, MAX_PATH_DEPTH)
      if (depth < 1) return null
      const [row] = await ask(pathQuestion(depth), { user: from, to })
      return row ? (row.ids as PublicKeyZ32[]) : null
    },

    [Symbol.asyncDispose]: () => driver.close(),
  }
}

function pageOf({ skip = 0, limit }: Page): Row {
  return { skip: BigInt(skip), limit: BigInt(limit) }
}

/** Windows may be open. */
function windowOf({ fromMs, toMs }: Window): Row {
  const clamp = (ms: number) =>
    BigInt(Math.trunc(Math.min(Number.MAX_SAFE_INTEGER, Math.max(Number.MIN_SAFE_INTEGER, ms))))
  return { from: clamp(fromMs), to: clamp(toMs) }
}
