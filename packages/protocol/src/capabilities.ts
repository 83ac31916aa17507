import type { StoragePath } from './brands.ts'
import { ProtocolError } from './errors.ts'
import { parseStrictPath } from './path.ts'

/** What may be done where. A scope ending in `/` covers everything below, else one path only. */
export interface Capability {
  scope: StoragePath
  read: boolean
  write: boolean
}

export const ROOT_CAPABILITIES = '/:rw'

class Refusal extends Error {}

function parseScope(text: string): StoragePath {
  let scope: StoragePath
  try {
    scope = parseStrictPath(text)
  } catch (error) {
    if (error instanceof ProtocolError)
      throw new Refusal(`invalid capability scope: ${error.message}`)
    throw error
  }
  return scope
}

function parseEntry(entry: string): Capability {
  const colon = entry.lastIndexOf(':')
  if (colon < 0) throw new Refusal('capability must have format `<scope>:<actions>`')
  const scopeText = entry.slice(0, colon)
  const actions = entry.slice(colon + 1)
  if (scopeText.includes(':')) throw new Refusal('capability scope contains reserved delimiter `:`')
  const scope = parseScope(scopeText)
  if (actions === '') throw new Refusal('capability must contain at least one action')
  for (const action of actions)
    if (action !== 'r' && action !== 'w')
      throw new Refusal(`invalid capability action \`${action}\``)
  return { scope, read: actions.includes('r'), write: actions.includes('w') }
}

/** Strict rules of spec/homeserver.md 2.2; the empty text is the empty list. Throws `invalid_capability`. */
export function parseCapabilities(text: string): Capability[] {
  if (text === '') return []
  return text.split(',').map((entry, index) => {
    try {
      return parseEntry(entry)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const message = `invalid capability at position ${index + 1} (\`${entry}\`): ${error.message}`
      throw new ProtocolError('invalid_capability', message, error)
    }
  })
}

export function formatCapability({ scope, read, write }: Capability): string {
  return `${scope}:${read ? 'r' : ''}${write ? 'w' : ''}`
}

export function formatCapabilities(capabilities: readonly Capability[]): string {
  return capabilities.map(formatCapability).join(',')
}

function scopeCovers(scope: StoragePath, path: StoragePath): boolean {
  return scope.endsWith('/') ? path.startsWith(scope) : path === scope
}

/** Whether one of the capabilities allows reading or writing the path. */
export function covers(
  capabilities: readonly Capability[],
  path: StoragePath,
  action: 'r' | 'w',
): boolean {
  return capabilities.some(
    ({ scope, read, write }) => (action === 'r' ? read : write) && scopeCovers(scope, path),
  )
}

/** Exactly `/:rw` is the root capability. */
export function isRoot(capabilities: readonly Capability[]): boolean {
  return capabilities.some(({ scope, read, write }) => scope === '/' && read && write)
}
