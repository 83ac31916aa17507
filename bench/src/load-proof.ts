import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { keypairFromSeed } from '@pubky/protocol'
import { type LoadReport, loadFile } from '@pubky/stack/load'
import { expectedCounts, SAMPLE_FILE, sampleLines } from '@pubky/testkit/sample'
import { countsInNexus, wantedCounts } from '@pubky/testkit/sample-in-nexus'
import { buildServices, createNetworkProcess } from './network-process.ts'
import type { Figures } from './result.ts'

const SETTLE_MS = 120_000

/**
 * Plays the whole sample through the SDK into `npm start`, once cut off half-way, and compares every
 * count of every person and post in the API with figures computed without the loader.
 */
export async function run(): Promise<Figures> {
  buildServices({ web: false })
  const dir = await mkdtemp(join(tmpdir(), 'pubky-load-'))
  const network = await createNetworkProcess({ dataDir: join(dir, 'data'), without: ['web'] })
  try {
    await network.start()
    const { ports, dataDir } = network
    const homeserverKey = keypairFromSeed(new Uint8Array(32)).publicKey
    const relay = `http://localhost:${ports.relay}`
    const load = (o: { signal?: AbortSignal; onProgress?: (done: number) => void } = {}) =>
      loadFile({ file: SAMPLE_FILE, network: { relay, homeserverKey, dataDir }, ...o })

    const sinceMs = performance.now()
    const stop = new AbortController()
    const half = load({ signal: stop.signal, onProgress: (done) => done >= 1000 && stop.abort() })
    await assert.rejects(half)
    const report: LoadReport = await load()
    const loadedMs = performance.now() - sinceMs
    assert.deepEqual(report.failures, [])
    assert.equal((await load()).sent, 0)

    const { plan, keys } = report
    const expected = expectedCounts(sampleLines(), new Set(plan.refused.map(({ line }) => line)))
    const wanted = wantedCounts(expected)
    const nexus = `http://localhost:${ports.nexus}`
    for (const limit = Date.now() + SETTLE_MS; ; await sleep(500)) {
      const found = await countsInNexus(nexus, expected, { keys, posts: plan.posts })
      try {
        assert.deepEqual(found, wanted)
        break
      } catch (error) {
        if (Date.now() > limit) throw error
      }
    }
    const settledMs = performance.now() - sinceMs
    return {
      lines: plan.lines,
      refused: plan.refused.length,
      people: plan.people.size,
      posts: plan.counts.post.written,
      tags: plan.counts.tag.written,
      repeatedTags: plan.counts.tag.repeated,
      bookmarks: plan.counts.bookmark.written,
      repeatedBookmarks: plan.counts.bookmark.repeated,
      comparedPeople: expected.users.size,
      comparedPosts: expected.posts.size,
      loadedSeconds: Math.round(loadedMs / 100) / 10,
      comparedAfterSeconds: Math.round(settledMs / 100) / 10,
    }
  } finally {
    await network.stop()
    await rm(dir, { recursive: true, force: true })
  }
}
