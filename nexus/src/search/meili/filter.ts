import type { PostQuery } from '../search-index.ts'

/** A filter in the language of Meilisearch; values are quoted, never read as part of it. */
export function filterOf({ author, kind, tag, window }: Omit<PostQuery, 'text'>): string[] {
  const filters: string[] = []
  if (author !== undefined) filters.push(`author = ${quote(author)}`)
  if (kind !== undefined) filters.push(`kind = ${quote(kind)}`)
  if (tag !== undefined) filters.push(`labels = ${quote(tag)}`)
  if (window && Number.isFinite(window.fromMs)) filters.push(`atMs >= ${Math.trunc(window.fromMs)}`)
  if (window && Number.isFinite(window.toMs)) filters.push(`atMs < ${Math.trunc(window.toMs)}`)
  return filters
}

function quote(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
