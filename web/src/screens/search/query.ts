import { looksLikeUser } from '../../state/views.ts'

export const SEARCH_KINDS = ['posts', 'people', 'tags'] as const
export type SearchKind = (typeof SEARCH_KINDS)[number]

/** What the address of the search page asks for. */
export interface SearchQuery {
  text: string
  kind: SearchKind
  /** Posts that carry any of these, at most five. */
  tags: string[]
  sorting: 'timeline' | 'total_engagement'
}

const MOST_TAGS = 5
const MOST_CHARACTERS = 100
const LABEL = /^[^\s,:]{1,20}$/u

type Parameters = Readonly<Record<string, string | string[] | undefined>>

function one(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? ''
}

function labels(text: string): string[] {
  const found = text.split(',').map((part) => part.trim().replace(/^#/, '').toLowerCase())
  return [...new Set(found.filter((label) => LABEL.test(label)))].slice(0, MOST_TAGS)
}

/** Reads `?q`, `?kind`, `?tags` and `?sort`. A text of `#words` alone is a search by tag. */
export function parseSearch(parameters: Parameters): SearchQuery {
  const text = one(parameters.q).trim().slice(0, MOST_CHARACTERS)
  const words = text.split(/\s+/).filter(Boolean)
  const asTags = words.length > 0 && words.every((word) => word.startsWith('#'))
  return {
    text: asTags ? '' : text,
    kind: SEARCH_KINDS.find((kind) => kind === one(parameters.kind)) ?? 'posts',
    tags: labels(asTags ? words.join(',') : one(parameters.tags)),
    sorting: one(parameters.sort) === 'popular' ? 'total_engagement' : 'timeline',
  }
}

export function searchHref(query: Partial<SearchQuery>): string {
  const parameters = new URLSearchParams()
  if (query.text) parameters.set('q', query.text)
  if (query.text && query.kind && query.kind !== 'posts') parameters.set('kind', query.kind)
  if (query.tags?.length) parameters.set('tags', query.tags.join(','))
  if (query.sorting === 'total_engagement') parameters.set('sort', 'popular')
  const text = parameters.toString()
  return text ? `/search?${text}` : '/search'
}

/** The key in a text that is nothing but a key, with the prefixes that people paste. */
export function keyIn(text: string): string | null {
  const key = text.trim().replace(/^(?:pubky:\/\/|pubky|pk:)(?=[a-z0-9]{52}$)/, '')
  return looksLikeUser(key) ? key : null
}
