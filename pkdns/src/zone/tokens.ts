import { zoneError } from '../errors.ts'

/** One entry of a zone file, which parentheses may spread over lines. */
export interface Entry {
  line: number
  /** Whether the line begins with a blank: the owner is that of the entry before. */
  isIndented: boolean
  tokens: Token[]
}

export interface Token {
  text: string
  /** Its bytes with escapes read, for strings. */
  bytes: Uint8Array
  isQuoted: boolean
}

const MAX_ZONE_CHARACTERS = 256 * 1024

/** Splits a zone file into entries (RFC 1035 5.1). Throws `zone_syntax`. */
export function readEntries(text: string): Entry[] {
  if (text.length > MAX_ZONE_CHARACTERS) throw zoneError('zone_syntax', 'the file is too large')
  const entries: Entry[] = []
  let entry: Entry | null = null
  let depth = 0
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const number = at + 1
    entry ??= { line: number, isIndented: /^[ \t]/.test(line), tokens: [] }
    depth = readLine(line, number, depth, entry.tokens)
    if (depth > 0) continue
    if (entry.tokens.length > 0) entries.push(entry)
    entry = null
  }
  if (depth > 0) throw zoneError('zone_syntax', 'a parenthesis is not closed')
  return entries
}

/** Adds the tokens of a line; returns how many parentheses are open behind it. */
function readLine(line: string, number: number, open: number, tokens: Token[]): number {
  const word = /\s+|;.*|[()]|"((?:[^"\\]|\\.)*)"|((?:[^\s;()"\\]|\\.)+)/gy
  let depth = open
  let at = 0
  while (at < line.length) {
    word.lastIndex = at
    const match = word.exec(line)
    if (!match) throw zoneError('zone_syntax', `line ${number}: a quote is not closed`)
    at = word.lastIndex
    const [whole, quoted, bare] = match
    if (whole === '(') depth += 1
    else if (whole === ')') depth -= 1
    else if (quoted !== undefined) tokens.push(token(quoted, true, number))
    else if (bare !== undefined) tokens.push(token(bare, false, number))
    if (depth < 0) throw zoneError('zone_syntax', `line ${number}: a parenthesis was not opened`)
  }
  return depth
}

function token(text: string, isQuoted: boolean, line: number): Token {
  const bytes: number[] = []
  const parts = text.matchAll(/\\([0-9]{3})|\\(.)|([^\\])/gsu)
  for (const [, decimal, escaped, plain] of parts) {
    if (decimal === undefined) bytes.push(...Buffer.from(escaped ?? plain ?? ''))
    else if (Number(decimal) < 256) bytes.push(Number(decimal))
    else throw zoneError('zone_syntax', `line ${line}: \\${decimal} is no byte`)
  }
  return { text, bytes: Uint8Array.from(bytes), isQuoted }
}
