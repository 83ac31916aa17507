import type { FastifyRequest } from 'fastify'
import { readWhole } from '../entries/intake.ts'
import { refusals } from '../errors.ts'

const MAX_JSON_BYTES = 64 * 1024

/** A JSON body as it is: nothing about its shape is known. */
export async function readJson(request: FastifyRequest): Promise<unknown> {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) throw refusals.jsonType()
  const text = (await readWhole(request.raw, MAX_JSON_BYTES)).toString('utf8')
  try {
    return JSON.parse(text)
  } catch {
    throw refusals.jsonSyntax()
  }
}
