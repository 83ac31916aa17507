import {
  encodeZ32,
  PROOF_HEADER,
  ProtocolError,
  parseStrictPath,
  toBase64Url,
} from '@pubky/protocol'
import { createRateLimiter, networkOf } from '@pubky/server-kit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refusals } from '../errors.ts'
import { fileOfUri, filesByUris } from '../read/files.ts'
import type { ObjectReader } from '../read/object.ts'
import type { Reader } from '../read/reader.ts'
import { isShownInline, STORED_HEADERS } from '../static/headers.ts'
import { proceduresIn } from '../trpc/queries.ts'
import * as p from './params.ts'

export interface Info {
  version: string
  filesDir: string
  startedAt: Date
}

function infoBody({ version, filesDir, startedAt }: Info) {
  return {
    description: 'The indexer of a Pubky network: social graph, feeds, search',
    homepage: '',
    license: 'MIT',
    name: 'nexus-webapi',
    repository: '',
    version,
    commit_hash: 'unknown',
    last_index_snapshot: startedAt.toISOString().slice(0, 19).replace('T', ' '),
    base_file_url: filesDir,
  }
}

export type Ingest = (user: string) => Promise<{ status: string }>

/** Each makes us ask the network about a key; people do it when they arrive and when they look for somebody. */
const INGESTS_PER_MINUTE = 60
const INGEST_ROUTE = '/v0/ingest/:user_id'

/** Limits both faces, before anything is done: that of the library is a name in its path, or several. */
function limitIngest(app: FastifyInstance): void {
  const limiter = createRateLimiter({
    capacity: INGESTS_PER_MINUTE,
    refillPerSecond: INGESTS_PER_MINUTE / 60,
  })
  app.addHook('onRequest', async (request) => {
    const count = ingestsIn(request)
    const verdict = count > 0 ? limiter.take(networkOf(request.ip), count) : { ok: true as const }
    if (verdict.ok) return
    throw refusals.tooManyIngests(verdict.retryAfterSeconds)
  })
}

function ingestsIn(request: FastifyRequest): number {
  if (request.routeOptions.url === INGEST_ROUTE) return 1
  return proceduresIn(request).filter((name) => name === 'ingest.put').length
}

async function sendObject(objects: ObjectReader, reply: FastifyReply, owner: string, raw: string) {
  let path: string
  try {
    path = parseStrictPath(raw)
  } catch (error) {
    if (error instanceof ProtocolError) throw refusals.invalidInput(error.message)
    throw error
  }
  const found = await objects.read(owner, path)
  if (found?.proof) reply.header(PROOF_HEADER, toBase64Url(found.proof))
  if (!found?.body) throw refusals.objectNotFound()
  reply.headers(STORED_HEADERS).header('pubky-verdict', found.verdict)
  reply.header('cache-control', 'no-cache')
  if (!isShownInline(found.contentType)) reply.header('content-disposition', 'attachment')
  reply.header('content-length', found.size)
  return reply.type(found.contentType).send(found.body)
}

/** Info, first screen, files, objects with their proofs, ingestion (spec/nexus.md 1.4, 1.12; design 6). */
export function miscRoutes(
  app: FastifyInstance,
  o: { reader: Reader; info: Info; ingest: Ingest; objects: ObjectReader },
): void {
  const { reader, info, ingest, objects } = o
  app.get('/v0/info', async () => infoBody(info))
  app.get<{ Params: { user_id: string } }>('/v0/bootstrap/:user_id', ({ params }) =>
    reader.bootstrap(p.requiredUser(params.user_id)),
  )
  limitIngest(app)
  app.put<{ Params: { user_id: string } }>(INGEST_ROUTE, async ({ params }, reply) => {
    await ingest(p.requiredUser(params.user_id))
    return reply.code(200).send()
  })
  app.get<{ Params: { file_id: string } }>('/v0/files/file/:file_id', async ({ params }) => {
    if (!fileOfUri(params.file_id)) throw refusals.invalidInput('not a file URI')
    const [file] = await filesByUris(reader.pool, [params.file_id])
    if (!file) throw refusals.fileNotFound()
    return file
  })
  app.post('/v0/files/by_ids', ({ body }) => filesByUris(reader.pool, p.bodyList(body, 'uris')))
  app.get<{ Params: { author: string; '*': string } }>(
    '/v0/object/:author/*',
    ({ params }, reply) =>
      sendObject(objects, reply, p.requiredUser(params.author), `/${params['*']}`),
  )
  app.get<{ Querystring: p.Query }>('/v0/events', async ({ query }, reply) => {
    const cursor = p.integer(p.one(query, 'cursor'), 'cursor') ?? 0
    const limit = p.limit(query, 500, 1000)
    const { rows } = await reader.pool.query<{
      kind: number
      owner: Buffer
      path: string
      position: string
    }>(
      `select kind, owner, path, position::text from journal
       where position > $1 and kind in (0, 1) and position <= (
         select coalesce(min(position), 0) from projection_positions where name = 'views')
       order by position limit $2`,
      [cursor, limit],
    )
    const lines = rows.map(
      ({ kind, owner, path }) =>
        `${kind === 0 ? 'PUT' : 'DEL'} pubky://${encodeZ32(owner)}${path}\n`,
    )
    const last = rows.at(-1)?.position ?? String(cursor)
    return reply.type('text/plain; charset=utf-8').send(`${lines.join('')}cursor: ${last}`)
  })
}
