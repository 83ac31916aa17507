const WHITE_SPACE = /^\p{White_Space}$/u

/** Number of Unicode scalar values (spec/data-model.md 3.3). */
export function scalarLength(text: string): number {
  let length = 0
  for (const _ of text) length += 1
  return length
}

// Loops, because a pattern for trailing white space takes quadratic time on long runs inside.
/** Without leading and trailing White_Space, which is not quite what `String.prototype.trim` removes. */
export function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && WHITE_SPACE.test(text.charAt(start))) start += 1
  while (end > start && WHITE_SPACE.test(text.charAt(end - 1))) end -= 1
  return text.slice(start, end)
}

export function hasWhiteSpace(text: string): boolean {
  return /\p{White_Space}/u.test(text)
}

/** The URL in its serialised form, or null when the text is no absolute URL of any scheme. */
export function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}

/** Trimmed, and serialised when it is a URL (spec/data-model.md 3.3). */
export function sanitizeUrl(text: string): string {
  const trimmed = trim(text)
  return parseUrl(trimmed)?.href ?? trimmed
}

const ATTACHMENT_PROTOCOLS = new Set(['pubky:', 'http:', 'https:'])

export function hasAttachmentProtocol(url: URL): boolean {
  return ATTACHMENT_PROTOCOLS.has(url.protocol)
}
