/**
 * Addresses that the asking app wants opened afterwards. They are hints from a stranger: show them
 * before following them.
 */
export interface Callbacks {
  source: string | null
  success: string | null
  error: string | null
  cancel: string | null
}

export const NO_CALLBACKS: Callbacks = { source: null, success: null, error: null, cancel: null }

const NAMES = ['source', 'success', 'error', 'cancel'] as const

/** Decoded exactly once, so that addresses inside addresses survive; a bad escape leaves all as it is. */
function decodeOnce(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function first(query: string, name: string): string | null {
  for (const part of query.split('&')) {
    const at = part.indexOf('=')
    if ((at < 0 ? part : part.slice(0, at)) === name)
      return at < 0 ? '' : decodeOnce(part.slice(at + 1))
  }
  return null
}

/** The x-callback parameters of a raw query (spec/homeserver.md 3.1); `+` stays `+`. */
export function parseCallbacks(query: string): Callbacks {
  return {
    source: first(query, 'x-source'),
    success: first(query, 'x-success') ?? first(query, 'callback'),
    error: first(query, 'x-error'),
    cancel: first(query, 'x-cancel'),
  }
}

/** Form-encoded parameters without the absent ones, then the callbacks in their own encoding. */
export function formatQuery(
  parameters: readonly (readonly [string, string | null])[],
  callbacks: Callbacks,
): string {
  const ordinary = new URLSearchParams()
  for (const [name, value] of parameters) if (value !== null) ordinary.append(name, value)
  const parts = [ordinary.toString()]
  for (const name of NAMES) {
    const value = callbacks[name]
    if (value !== null) parts.push(`x-${name}=${encodeURIComponent(value.toWellFormed())}`)
  }
  return parts.join('&')
}
