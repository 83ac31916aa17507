import { classifyTarget } from '@pubky/app-specs'
import type { FastifyInstance } from 'fastify'
import { refusals } from '../errors.ts'
import type { Reader } from '../read/reader.ts'
import {
  type ResourceQuery,
  resourceDetails,
  resourceKeys,
  resourceTags,
  resourceViews,
} from '../read/resources.ts'
import { isTagger, taggersOf } from '../read/tag-samples.ts'
import * as p from './params.ts'

const MAX_URI_BYTES = 2048
const SORTINGS = ['timeline', 'taggers_count'] as const
const ORDERS = ['descending', 'ascending'] as const

interface Named {
  Params: { resource_id: string; label: string }
  Querystring: p.Query
}

function resourceId(value: string): string {
  if (/^[0-9a-f]{32}$/.test(value)) return value
  throw refusals.invalidInput(
    `resource_id must be 32-char lowercase hex, got: ${value.slice(0, 80)}`,
  )
}

/** Trust is about people and posts. */
function refuseDepth(query: p.Query): void {
  if (query.depth !== undefined)
    throw refusals.invalidInput('`depth` is not supported for resource tags')
}

/** The id of an address; the same for all ways of writing it. */
function idOfUri(uri: string): string {
  if (Buffer.byteLength(uri) > MAX_URI_BYTES)
    throw refusals.invalidInput(`URI too long (max ${MAX_URI_BYTES} bytes)`)
  const target = classifyTarget(uri)
  if (!target) throw refusals.invalidInput(`Invalid URI: ${uri.slice(0, 80)}`)
  // What lies in the network itself is no resource.
  if (target.kind !== 'resource') throw refusals.resourceNotFound(uri.slice(0, 200))
  return target.id
}

function streamQuery(query: p.Query): ResourceQuery {
  return {
    app: p.one(query, 'app'),
    labels: p.labels(p.one(query, 'tags')),
    sorting: p.word(p.one(query, 'sorting'), SORTINGS, 'sorting') ?? 'timeline',
    ascending: p.word(p.one(query, 'order'), ORDERS, 'order') === 'ascending',
    start: p.score(p.one(query, 'start'), 'start'),
    end: p.score(p.one(query, 'end'), 'end'),
    skip: p.skip(query),
    limit: p.limit(query, 10, 100),
  }
}

/** Tags of other apps on anything that has an address (spec/nexus.md 1.11). */
export function resourceRoutes(app: FastifyInstance, { pool }: Reader): void {
  async function tagged(id: string, query: p.Query) {
    const page = {
      skip: p.skip(query, 10_000, 'skip_tags'),
      limit: p.limit(query, 5, 100, 'limit_tags'),
      taggers: p.limit(query, 5, 100, 'limit_taggers'),
    }
    const viewer = p.userId(p.one(query, 'viewer_id'))
    const resource = (await resourceDetails(pool, [id])).get(id)
    if (!resource) throw refusals.resourceNotFound(id)
    return { resource, tags: (await resourceTags(pool, [id], page, viewer)).get(id) ?? [] }
  }

  app.get<Named>('/v0/stream/resources', async ({ query }) => {
    const viewer = p.userId(p.one(query, 'viewer_id'))
    const keys = await resourceKeys(pool, streamQuery(query))
    return resourceViews(
      pool,
      keys.map(({ id }) => id),
      viewer,
    )
  })
  app.get<Named>('/v0/stream/resources/ids', async ({ query }) => {
    const q = streamQuery(query)
    const keys = await resourceKeys(pool, q)
    const last = (q.labels?.length ?? 0) > 1 ? null : (keys.at(-1)?.score ?? null)
    return { resource_ids: keys.map(({ id }) => id), last_score: last }
  })
  app.get<Named>('/v0/resource/:resource_id/tags', async ({ params, query }) => {
    refuseDepth(query)
    return tagged(resourceId(params.resource_id), query)
  })
  app.get<Named>('/v0/resource/by-uri', async ({ query }) => {
    refuseDepth(query)
    const uri = p.one(query, 'uri')
    if (uri === undefined) throw refusals.invalidInput('missing field `uri`')
    return tagged(idOfUri(uri), query)
  })
  app.get<Named>('/v0/resource/:resource_id/tags/:label/taggers', async ({ params, query }) => {
    refuseDepth(query)
    const [id, label] = [resourceId(params.resource_id), p.label(params.label)]
    const page = { skip: p.skip(query), limit: p.limit(query, 40, 100) }
    const viewer = p.userId(p.one(query, 'viewer_id'))
    const [users, relationship] = await Promise.all([
      taggersOf(pool, id, label, page),
      isTagger(pool, id, label, viewer),
    ])
    return { users, relationship }
  })
}
