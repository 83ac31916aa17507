import { callTRPCProcedure } from '@trpc/server'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { TrpcContext } from './context.ts'
import { appRouter } from './router.ts'

/** Calls in one request. */
export const MAX_BATCH = 50

interface Call {
  path: string
  input: unknown
}

/**
 * Answers queries over GET. The library makes a `Request`, a `Response` and streams of each, which costs
 * more than most queries do. Whatever is not plainly a query that succeeds goes on to the library, which
 * knows what to say of it.
 */
export function answerQueries(app: FastifyInstance, ctx: TrpcContext): void {
  app.addHook('preHandler', async (request, reply) => {
    const calls = callsIn(request)
    if (!calls) return
    const results = await Promise.all(calls.map((call, index) => run(ctx, call, index))).catch(
      () => null,
    )
    if (!results) return
    const isBatch = 'batch' in (request.query as object)
    const body = Buffer.from(JSON.stringify(isBatch ? results : results[0]))
    return reply
      .headers({ vary: 'trpc-accept, accept', 'content-type': 'application/json' })
      .send(body)
  })
}

async function run(ctx: TrpcContext, { path, input }: Call, batchIndex: number) {
  const getRawInput = async () => input
  const o = { path, getRawInput, ctx, type: 'query', signal: undefined, batchIndex } as const
  return { result: { data: await callTRPCProcedure({ router: appRouter, ...o }) } }
}

/** Null for what is left to the library. */
function callsIn({ method, headers, params, query }: FastifyRequest): Call[] | null {
  const { path } = params as { path?: string }
  const { input: text, batch, ...others } = query as Record<string, unknown>
  const isPlain =
    method === 'GET' &&
    headers['content-type'] === undefined &&
    headers['trpc-accept'] === undefined &&
    headers.accept !== 'application/jsonl' &&
    Object.keys(others).length === 0
  if (!isPlain || !path || (batch !== undefined && batch !== '1')) return null
  const paths = batch ? path.split(',') : [path]
  if (paths.length > MAX_BATCH || !paths.every((one) => queries.has(one))) return null
  const input = parse(text)
  if (input === null) return null
  return paths.map((one, index) => ({ path: one, input: batch ? input[index] : input[0] }))

  function parse(json: unknown): Record<number, unknown> | null {
    if (json === undefined || json === '') return {}
    if (typeof json !== 'string') return null
    try {
      const value: unknown = JSON.parse(json)
      if (!batch) return { 0: value }
      const isMap = typeof value === 'object' && !Array.isArray(value)
      return isMap ? (value as Record<number, unknown> | null) : null
    } catch {
      return null
    }
  }
}

type Procedures = Record<string, { _def: { type: string } }>

/** What a request asks for, by its path, as the library reads it: once more than the router did. */
export function proceduresIn({ params }: Pick<FastifyRequest, 'params'>): string[] {
  const { path } = (params ?? {}) as { path?: string }
  if (!path) return []
  try {
    return decodeURIComponent(path).split(',')
  } catch {
    return [path]
  }
}

/** Their names. */
export function proceduresOf(type: 'query' | 'subscription'): ReadonlySet<string> {
  const all = Object.entries(appRouter._def.procedures as object as Procedures)
  return new Set(all.flatMap(([path, { _def }]) => (_def.type === type ? [path] : [])))
}

const queries = proceduresOf('query')
