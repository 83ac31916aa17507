/** A piece of running text. */
export type Inline =
  | { type: 'text'; text: string }
  | { type: 'code'; text: string }
  | { type: 'link'; href: string; text: string }
  | { type: 'tag'; label: string; text: string }
  | { type: 'mention'; user: string }
  | { type: 'strong' | 'em' | 'del'; children: Inline[] }

export type Block =
  | { type: 'paragraph'; children: Inline[] }
  | { type: 'heading'; level: 2 | 3 | 4; children: Inline[] }
  | { type: 'quote'; children: Block[] }
  | { type: 'list'; ordered: boolean; items: Inline[][] }
  | { type: 'code'; text: string }
  | { type: 'rule' }

const DEEPEST_QUOTE = 4
const DEEPEST_MARK = 4

// Alternatives that cannot backtrack into each other; anything unmatched is text.
const TOKEN = new RegExp(
  [
    '(?<code>`[^`\\n]{1,400}`)',
    '(?<masked>\\[[^\\]\\n]{0,200}\\]\\([^)\\s]{0,400}\\))',
    '(?<url>https?://[^\\s<>"\'`]{1,1000})',
    '(?<![\\p{L}\\p{N}])(?:pubky|pk:)(?<user>[ybndrfg8ejkmcpqxot1uwisza345h769]{52})(?![a-z0-9])',
    '(?<![\\p{L}\\p{N}#&/])#(?<tag>[\\p{L}\\p{N}][\\p{L}\\p{N}_-]{0,19})(?![\\p{L}\\p{N}_-])',
    '\\*\\*(?<strong>[^*\\n]{1,400})\\*\\*',
    '~~(?<del>[^~\\n]{1,400})~~',
    '(?<![\\p{L}\\p{N}*])\\*(?<em>[^*\\s\\n](?:[^*\\n]{0,400}[^*\\s\\n])?)\\*(?![\\p{L}\\p{N}*])',
    '(?<![\\p{L}\\p{N}_])_(?<under>[^_\\s\\n](?:[^_\\n]{0,400}[^_\\s\\n])?)_(?![\\p{L}\\p{N}_])',
  ].join('|'),
  'gu',
)

/** Marks at the end of a sentence are not part of the address before them. */
function trimUrl(url: string): string {
  const trimmed = url.replace(/[.,;:!?*_~]+$/, '')
  const closes = trimmed.endsWith(')') && !trimmed.includes('(')
  return closes ? trimmed.slice(0, -1) : trimmed
}

function parseInline(text: string, depth = 0): Inline[] {
  const nodes: Inline[] = []
  let at = 0
  const plain = (to: number) => {
    if (to > at) nodes.push({ type: 'text', text: text.slice(at, to) })
  }
  TOKEN.lastIndex = 0
  for (const match of text.matchAll(TOKEN)) {
    if (match.index < at || !match.groups) continue
    const { code, masked, url, user, tag, strong, del, em, under } = match.groups
    // Shown as typed: a text must not hide where its link leads.
    if (masked) continue
    let end = match.index + match[0].length
    let node: Inline | null = null
    if (code) node = { type: 'code', text: code.slice(1, -1) }
    else if (url) {
      const href = trimUrl(url)
      if (!URL.canParse(href)) continue
      node = { type: 'link', href, text: href }
      end = match.index + href.length
    } else if (user) node = { type: 'mention', user }
    else if (tag) node = { type: 'tag', label: tag.toLowerCase(), text: `#${tag}` }
    else if (depth < DEEPEST_MARK) {
      const inner = strong ?? del ?? em ?? under ?? ''
      const type = strong ? 'strong' : del ? 'del' : 'em'
      node = { type, children: parseInline(inner, depth + 1) }
    }
    if (!node) continue
    plain(match.index)
    nodes.push(node)
    at = end
  }
  plain(text.length)
  return nodes
}

const FENCE = /^(?:```|~~~)/
const RULE = /^ {0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/
const BULLET = /^ {0,3}[-*+] +(\S.*)$/
const NUMBER = /^ {0,3}\d{1,4}[.)] +(\S.*)$/
const HEADING = /^(#{1,3}) +(\S.*)$/
const QUOTE = /^ {0,3}> ?/

interface Options {
  headings?: boolean
}

function parseBlocks(lines: readonly string[], o: Options, depth: number): Block[] {
  const blocks: Block[] = []
  let paragraph: string[] = []
  const flush = () => {
    const text = paragraph.join('\n').replace(/^\n+|\s+$/g, '')
    if (text) blocks.push({ type: 'paragraph', children: parseInline(text) })
    paragraph = []
  }
  const take = (from: number, pattern: RegExp) => {
    let to = from
    while (to < lines.length && pattern.test(lines[to] ?? '')) to += 1
    return to
  }
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    const heading = o.headings ? HEADING.exec(line) : null
    if (FENCE.test(line)) {
      flush()
      const fence = line.slice(0, 3)
      let end = at + 1
      while (end < lines.length && !(lines[end] ?? '').startsWith(fence)) end += 1
      blocks.push({ type: 'code', text: lines.slice(at + 1, end).join('\n') })
      at = end
    } else if (RULE.test(line)) {
      flush()
      blocks.push({ type: 'rule' })
    } else if (heading) {
      flush()
      const level = Math.min(4, (heading[1]?.length ?? 1) + 1) as 2 | 3 | 4
      blocks.push({ type: 'heading', level, children: parseInline(heading[2] ?? '') })
    } else if (QUOTE.test(line) && depth < DEEPEST_QUOTE) {
      flush()
      const end = take(at, QUOTE)
      const inner = lines.slice(at, end).map((one) => one.replace(QUOTE, ''))
      blocks.push({ type: 'quote', children: parseBlocks(inner, o, depth + 1) })
      at = end - 1
    } else if (BULLET.test(line) || NUMBER.test(line)) {
      flush()
      const pattern = BULLET.test(line) ? BULLET : NUMBER
      const end = take(at, pattern)
      const items = lines.slice(at, end).map((one) => parseInline(pattern.exec(one)?.[1] ?? ''))
      blocks.push({ type: 'list', ordered: pattern === NUMBER, items })
      at = end - 1
    } else if (line.trim() === '') flush()
    else paragraph.push(line)
  }
  flush()
  return blocks
}

/** Reads the Markdown subset of spec/web-app.md 9. The result is data: no HTML comes out of it. */
export function parseUserText(text: string, o: Options = {}): Block[] {
  return parseBlocks(text.replaceAll('\r\n', '\n').split('\n'), o, 0)
}

/** Cuts at a word boundary near `most` characters; null when the text is short enough. */
export function cutText(text: string, most: number): string | null {
  const scalars = [...text]
  if (scalars.length <= most) return null
  const cut = scalars.slice(0, most).join('')
  const boundary = cut.search(/\s\S*$/)
  return `${boundary > most * 0.6 ? cut.slice(0, boundary) : cut}…`
}
