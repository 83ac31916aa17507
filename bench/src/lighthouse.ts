import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildPost, buildProfile, createIdClock } from '@pubky/app-specs'
import { keypairFromSeed, must, nowMicros, randomKeypair, signerFromKeypair } from '@pubky/protocol'
import { createPubky } from '@pubky/sdk'
import { launch } from 'chrome-launcher'
import lighthouse, { type Result } from 'lighthouse'
import { buildServices, createNetworkProcess } from './network-process.ts'
import type { Figures } from './result.ts'

const CATEGORIES = ['performance', 'accessibility', 'best-practices'] as const
const MEASURES = {
  largestContentfulPaintMs: 'largest-contentful-paint',
  totalBlockingTimeMs: 'total-blocking-time',
  cumulativeLayoutShift: 'cumulative-layout-shift',
} as const
const { CHROMIUM_PATH } = process.env

/** In a browser of its own, for which the page is the first: what one leaves behind would burden the next. */
async function visit(url: string): Promise<Result> {
  const chrome = await launch({
    ...(CHROMIUM_PATH && { chromePath: CHROMIUM_PATH }),
    chromeFlags: ['--headless=new', '--no-sandbox', '--disable-dev-shm-usage'],
  })
  try {
    const onlyCategories = [...CATEGORIES]
    const result = await lighthouse(url, { port: chrome.port, onlyCategories, logLevel: 'error' })
    if (!result) throw new Error(`Lighthouse said nothing of ${url}`)
    return result.lhr
  } finally {
    chrome.kill()
  }
}

/** Single visits differ by ten points; Lighthouse itself advises the median of five. */
const VISITS = 5
/** What services do after their start would slow the browser beside them. */
const SETTLE_MS = 15_000

async function measure(url: string): Promise<Figures> {
  const visits: Result[] = []
  for (let n = 0; visits.length < VISITS && n < 2 * VISITS; n += 1) {
    const one = await visit(url)
    // A busy machine may show nothing in time, which Lighthouse gives no score.
    if (one.categories.performance?.score) visits.push(one)
  }
  const scoreOf = ({ categories }: Result) => categories.performance?.score ?? 0
  visits.sort((a, b) => scoreOf(a) - scoreOf(b))
  const { categories, audits } = must(visits[VISITS >> 1], 'a visit')
  const figures: Figures = {}
  for (const name of CATEGORIES) figures[name] = Math.round((categories[name]?.score ?? 0) * 100)
  for (const [name, id] of Object.entries(MEASURES))
    figures[name] = Math.round((audits[id]?.numericValue ?? Number.NaN) * 100) / 100
  return { ...figures, performances: visits.map((one) => Math.round(scoreOf(one) * 100)) }
}

/** Lighthouse on an emulated phone: landing page, a post, and the feed that everybody may read. */
export async function run(_: { seed: number }): Promise<Figures> {
  buildServices({ web: true })
  const dir = await mkdtemp(join(tmpdir(), 'pubky-bench-lighthouse-'))
  const network = await createNetworkProcess({ dataDir: join(dir, 'data') })
  try {
    await network.start()
    const { ports } = network
    const relays = [`http://127.0.0.1:${ports.relay}`]
    await using pubky = createPubky({ relays, localHost: 'localhost' })
    const session = await pubky.signUpGrant(signerFromKeypair(randomKeypair()), {
      homeserver: keypairFromSeed(new Uint8Array(32)).publicKey,
      client: randomKeypair(),
      clientId: 'bench.example',
      capabilities: '/pub/:rw',
    })
    const profile = buildProfile({ name: 'Keeper', bio: 'Looks after a lighthouse.' })
    await session.storage.put(profile.path, profile.body)
    const nextId = createIdClock(nowMicros)
    let id = ''
    for (let n = 0; n < 20; n += 1) {
      const post = buildPost(
        { content: `The fog lifted ${n} times today.`, kind: 'short' },
        nextId(),
      )
      await session.storage.put(post.path, post.body)
      id = post.id
    }
    const web = `http://localhost:${ports.web}`
    const pages = { landing: '/', post: `/post/${session.user}/${id}`, publicFeed: '/home' }
    const figures: Figures = { loadAverage: loadavg().map(Math.round).join(' ') }
    // The first answer of a server that has just started is not what visitors get.
    for (const path of Object.values(pages)) await (await fetch(web + path)).text()
    await sleep(SETTLE_MS)
    for (const [name, path] of Object.entries(pages)) figures[name] = await measure(web + path)
    return figures
  } finally {
    await network.stop()
    await rm(dir, { recursive: true, force: true })
  }
}
