/** A part of a body; `end` is exclusive. */
export interface Range {
  start: number
  end: number
}

const ONE_RANGE = /^bytes=(\d{0,16})-(\d{0,16})$/i

/**
 * The part that a `Range` header asks for (RFC 9110, 14.2). Null stands for the whole: no header, several
 * parts, or what is no range of bytes. `unsatisfiable` when nothing of it is there.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): Range | null | 'unsatisfiable' {
  const [, first = '', last = ''] = ONE_RANGE.exec(header ?? '') ?? []
  if (first === '' && last === '') return null
  if (first === '') {
    const start = Math.max(0, size - Number(last))
    return start < size ? { start, end: size } : 'unsatisfiable'
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return null
  if (start >= size) return 'unsatisfiable'
  return { start, end: last === '' ? size : Math.min(size, Number(last) + 1) }
}

/** Whether the part fits what the client has: `If-Range` names exactly this version, or is absent. */
export function isSameVersion(
  ifRange: string | undefined,
  version: { etag: string; lastModified: string },
): boolean {
  return ifRange === undefined || ifRange === version.etag || ifRange === version.lastModified
}
