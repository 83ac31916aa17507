import { isPublicKey, type PublicKeyZ32 } from '@pubky/protocol'

/** What a name is about (spec/discovery.md 5.2). */
export type Target =
  | { kind: 'key'; key: PublicKeyZ32; name: string; hasTld: boolean }
  /** Ends in what decodes to a key but is not how the key is written: answered NXDOMAIN. */
  | { kind: 'misspelt' }
  | { kind: 'icann' }

/** The labels of a name as texts; escaped dots separate nothing. */
export function labelsOf(name: string): string[] {
  if (name === '.' || name === '') return []
  if (!name.includes('\\')) return name.split('.')
  return name.match(/(?:\\[0-9]{3}|\\.|[^.\\])+/g) ?? []
}

const KEY_FORM = /^[ybndrfg8ejkmcpqxot1uwisza345h769]{52}$/

/** The label that has the form of a key, whether or not it is one; null when there is none. */
function keyLabel(labels: readonly string[]): string | null {
  const last = labels.at(-1)?.toLowerCase() ?? ''
  return KEY_FORM.test(last) ? last : null
}

/** 260 bits hold 256: only two letters leave the rest empty. */
const isCanonical = (label: string) => /[yo]$/.test(label)

/** Whether finding out about a name may be costly: a point of a curve to be checked, a look-up. */
export function looksLikeKey(name: string, tld: string): boolean {
  const labels = labelsOf(name)
  return (
    keyLabel(labels) !== null || (isBelow(labels, tld) && keyLabel(labels.slice(0, -1)) !== null)
  )
}

function isBelow(labels: readonly string[], tld: string): boolean {
  return tld !== '' && labels.length > 1 && labels.at(-1)?.toLowerCase() === tld
}

/** Decides whose a name is. `tld` is the optional top-level domain, empty for none. */
export function targetOf(name: string, tld: string): Target {
  const labels = labelsOf(name)
  const stripped = isBelow(labels, tld) ? labels.slice(0, -1) : null
  const below = stripped && keyLabel(stripped)
  if (stripped && below && isPublicKey(below))
    return { kind: 'key', key: below, name: join(stripped, below), hasTld: true }
  const label = keyLabel(labels)
  if (!label) return { kind: 'icann' }
  if (!isCanonical(label)) return { kind: 'misspelt' }
  if (!isPublicKey(label)) return { kind: 'icann' }
  return { kind: 'key', key: label, name: join(labels, label), hasTld: false }
}

/** Keys are lower case, however a resolver mixes the letters of a name (0x20). */
function join(labels: readonly string[], key: string): string {
  return [...labels.slice(0, -1), key].join('.')
}

/**
 * The name below the top-level domain when its last label is a key, for answers (5.2). The form of a
 * key is enough: an answer may hold hundreds, and to check a point of the curve costs a millisecond.
 */
export function withTld(name: string, tld: string): string {
  const label = keyLabel(labelsOf(name))
  return label && isCanonical(label) ? `${name}.${tld}` : name
}
