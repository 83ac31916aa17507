import { decodeProofHeader, encodePath, PROOF_HEADER, type PublicKeyZ32 } from '@pubky/protocol'
import { type Address, toAddress } from './address.ts'
import type { Opt } from './dht.ts'
import { PubkyError } from './errors.ts'
import type { Host } from './host.ts'
import { bodyOf, discard, expectOk, type HttpRequest, readText, release } from './http.ts'
import type { ListOptions, ObjectInfo, ObjectMeta, PublicStorage } from './types.ts'

/** The most that a homeserver lists at once (spec/homeserver.md 5.5). */
const PAGE_LIMIT = 1000
const PAGE_MAX_BYTES = 2 * 1024 * 1024

/** Sends a request about one path, in whichever way the host understands. */
export type StorageFetch = (at: Address, query: string, request: HttpRequest) => Promise<Response>

/** Path addressing where the host has it, because it costs browsers no preflight. */
export function storageRequest(
  host: Host,
  at: Address,
  query: string,
  request: HttpRequest,
): Promise<Response> {
  const path = encodePath(at.path) + query
  return host.features.has('path-addressed-storage')
    ? host.fetch(null, `/storage/${at.owner}${path}`, request)
    : host.fetch(at.owner, path, request)
}

/** The reads, over a function that finds the host and adds credentials. */
export function createReads(request: StorageFetch, self?: PublicKeyZ32): PublicStorage {
  async function get(uri: string, { signal }: Opt = {}): Promise<ObjectInfo> {
    const response = await expectOk(await request(toAddress(uri, self), '', { signal }))
    return { ...metaOf(response), body: bodyOf(response) }
  }

  async function head(uri: string, { signal }: Opt = {}): Promise<ObjectMeta | null> {
    const response = await request(toAddress(uri, self), '', { method: 'HEAD', signal })
    release(response)
    if (response.status === 404 || response.status === 410) return null
    return metaOf(await expectOk(response))
  }

  async function* list(uri: string, o: ListOptions = {}): AsyncIterable<string> {
    const folder = toAddress(uri, self)
    if (!folder.path.endsWith('/'))
      throw new PubkyError('bad_address', { detail: 'directory listings must end with `/`' })
    let left = o.limit ?? Number.POSITIVE_INFINITY
    let cursor = o.cursor
    while (left > 0) {
      const asked = Math.min(left, PAGE_LIMIT)
      const lines = await page(folder, { ...o, limit: asked, ...(cursor ? { cursor } : {}) })
      if (lines.length > asked) throw badList('more entries than were asked for')
      for (const line of lines) yield line
      left -= lines.length
      const last = lines.at(-1)
      if (last === undefined || lines.length < asked) return
      if (last === cursor) throw badList('the same page again')
      cursor = last
    }
  }

  async function page(folder: Address, o: ListOptions): Promise<string[]> {
    const query = [
      ...(o.reverse ? ['reverse'] : []),
      ...(o.shallow ? ['shallow'] : []),
      `limit=${o.limit}`,
      ...(o.cursor ? [`cursor=${encodeURIComponent(o.cursor)}`] : []),
    ].join('&')
    const response = await request(folder, `?${query}`, { signal: o.signal })
    if (response.status === 404) {
      await discard(response)
      return []
    }
    const text = await readText(await expectOk(response), PAGE_MAX_BYTES)
    const lines = text === '' ? [] : text.split('\n')
    const inside = `pubky://${folder.owner}${folder.path}`
    if (lines.some((line) => !line.startsWith(inside))) throw badList('an entry from elsewhere')
    return lines
  }

  return { get, head, list }
}

function badList(detail: string): PubkyError {
  return new PubkyError('bad_answer', { detail })
}

/** What the headers say of a file; a malformed proof counts as none. */
export function metaOf(response: Response): ObjectMeta {
  const header = (name: string) => response.headers.get(name) ?? ''
  return {
    size: Number(header('content-length')) || 0,
    type: header('content-type') || 'application/octet-stream',
    etag: header('etag').replaceAll('"', ''),
    lastModified: new Date(Date.parse(header('last-modified')) || 0),
    proof: proofIn(header(PROOF_HEADER)),
  }
}

function proofIn(text: string): Uint8Array | null {
  if (text === '') return null
  try {
    return decodeProofHeader(text)
  } catch {
    return null
  }
}
