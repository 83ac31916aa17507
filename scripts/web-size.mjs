// How much JavaScript a browser loads for a page, after gzip at level 6, and whether that is too much.
// What a page asks for later, such as the signing worker, is not counted. `node scripts/web-size.mjs`
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'

const KIB = 1024
/** In KiB: all of it, and what is ours above a page that holds nothing but the framework. */
const LIMITS = {
  landing: { page: '(plain)/page', total: 155, own: 20 },
  'public post': { page: '(app)/post/[author]/[id]/page', total: 205, own: 70 },
  'home feed': { page: '(app)/home/page', total: 235, own: 100 },
}
/** Next builds it in every run, without our layout. */
const EMPTY = '_global-error/page'

/** Sizes in KiB by page, with a sentence for each limit that is passed. */
export function webSizes(next) {
  const scripts = JSON.parse(readFileSync(join(next, 'page-scripts.json'), 'utf8'))
  const sizes = new Map()
  const gzipped = (file) => {
    const known = sizes.get(file)
    if (known !== undefined) return known
    const size = gzipSync(readFileSync(join(next, file)), { level: 6 }).length / KIB
    sizes.set(file, size)
    return size
  }
  const sum = (page) => scripts[page].reduce((all, file) => all + gzipped(file), 0)
  const round = (kib) => Math.round(kib * 10) / 10
  const empty = sum(EMPTY)
  const pages = {}
  const tooLarge = []
  for (const [name, { page, total, own }] of Object.entries(LIMITS)) {
    const all = sum(page)
    pages[name] = {
      totalKiB: round(all),
      ownKiB: round(all - empty),
      limitKiB: total,
      ownLimitKiB: own,
    }
    if (all > total) tooLarge.push(`${name}: ${round(all)} KiB of JavaScript, limit ${total}`)
    if (all - empty > own)
      tooLarge.push(`${name}: ${round(all - empty)} KiB of our own JavaScript, limit ${own}`)
  }
  return { emptyPageKiB: round(empty), pages, tooLarge }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const root = join(fileURLToPath(import.meta.url), '..', '..')
  const { tooLarge, ...sizes } = webSizes(join(root, 'web', process.env.WEB_DIST_DIR || '.next'))
  console.log(JSON.stringify(sizes, null, 2))
  for (const line of tooLarge) console.error(line)
  process.exitCode = tooLarge.length === 0 ? 0 : 1
}
