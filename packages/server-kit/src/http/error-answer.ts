import { randomUUID } from 'node:crypto'
import type { FastifyError } from 'fastify'
import { ServiceError } from '../errors.ts'
import type { Logger } from '../logger.ts'

/** `json`: `{"error", "code"}`. `text`: the message alone, the code in the header `pubky-error`. */
export type ErrorForm = 'json' | 'text'

/** What is answered when a request ended with an error. */
export interface ErrorAnswer {
  status: number
  code: string
  message: string
  headers: Readonly<Record<string, string>>
}

function statusOf(error: FastifyError | ServiceError): number {
  if (error instanceof ServiceError) return error.status
  const status = error.statusCode ?? 500
  return status >= 400 && status < 600 ? status : 500
}

function codeOf(error: FastifyError | ServiceError): string {
  return (error.code ?? 'internal').toLowerCase()
}

/** The one mapping of errors, which also logs them; unknown ones become 500 with an id. */
export function errorAnswer(
  error: FastifyError | ServiceError,
  o: { form: ErrorForm; log: Logger; method: string; route: string | undefined },
): ErrorAnswer {
  const { form, log, method, route } = o
  const status = statusOf(error)
  if (status < 500 || error instanceof ServiceError) {
    if (error instanceof ServiceError && error.logLevel !== 'debug')
      log[error.logLevel]({ error }, error.message)
    const headers = error instanceof ServiceError ? error.headers : {}
    return { status, code: codeOf(error), message: error.message, headers }
  }
  const id = randomUUID()
  log.error({ error, id, method, route }, 'failed')
  const message = form === 'text' ? 'Internal server error' : `Internal server error: ${id}`
  return { status: 500, code: 'internal', message, headers: { 'x-error-id': id } }
}

/** All headers of an answer in the form `text` but those that every answer has. */
export function textHeaders({ headers, code }: ErrorAnswer): Record<string, string> {
  return { ...headers, 'pubky-error': code, 'content-type': 'text/plain; charset=utf-8' }
}
