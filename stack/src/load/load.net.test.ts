import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestNetwork, type TestNetwork } from '@pubky/testkit/network'
import { expectedCounts, sampleLines, sampleOf } from '@pubky/testkit/sample'
import { countsInNexus, wantedCounts } from '@pubky/testkit/sample-in-nexus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LoadReport, loadFile } from './load.ts'

const isProof = process.env.PROVE === '1'
const lines = isProof ? sampleLines() : sampleOf(sampleLines(), 0.2, 4)

let network: TestNetwork
let dir: string
let report: LoadReport
let file: string

function load(signal?: AbortSignal, onProgress?: (done: number) => void): Promise<LoadReport> {
  const { relay, homeserverKey } = network
  return loadFile({
    file,
    network: { relay, homeserverKey, dataDir: join(dir, 'data') },
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  })
}

/** Every event of the homeserver's feed. */
async function feed(): Promise<string> {
  const response = await fetch(`${network.homeserver.urls.http}/events/?limit=65535`)
  return response.text()
}

beforeAll(async () => {
  network = await startTestNetwork({ nexus: true })
  dir = await mkdtemp(join(tmpdir(), 'load-'))
  file = join(dir, 'file.jsonl')
  await writeFile(file, lines.join('\n'))
})

afterAll(async () => {
  await network?.[Symbol.asyncDispose]()
  if (dir) await rm(dir, { recursive: true, force: true })
})

describe('a file played into a network', () => {
  it('goes on after an interruption, with the same keys and ids', async () => {
    const stop = new AbortController()
    const half = load(stop.signal, (done) => {
      if (done >= 60) stop.abort()
    })
    await expect(half).rejects.toMatchObject({ name: 'AbortError' })
    report = await load()
    expect(report.failures).toEqual([])
    expect(report.sent).toBeLessThan(report.plan.operations.length)
    expect(report.sent).toBeGreaterThan(0)
  })

  it('stores each object once, signed by a key that the author granted', async () => {
    const { plan, keys } = report
    const events = (await feed()).split('\n').filter((line) => line.startsWith('PUT '))
    const uris = plan.operations.map(({ author, path }) => `PUT pubky://${keys.get(author)}${path}`)
    expect(events.toSorted()).toEqual(uris.toSorted())

    const pubky = network.client()
    for (const index of [0, uris.length >> 1, uris.length - 1]) {
      const operation = plan.operations[index]
      const key = keys.get(operation?.author ?? '')
      const found = await pubky.verifyObject(`pubky://${key}${operation?.path}`)
      expect(found.verdict).toBe('signed')
      expect(found.signer).not.toBe(key)
      expect(found.body).toEqual(operation?.body)
    }
  })

  it('changes nothing when it is played again', async () => {
    const before = await feed()
    const again = await load()
    expect(again.sent).toBe(0)
    expect(again.keys).toEqual(report.keys)
    expect(again.plan.posts).toEqual(report.plan.posts)
    expect(await feed()).toBe(before)
  })

  it('sends no event either when the record of what was done is lost', async () => {
    const before = await feed()
    await rm(join(report.stateDir, 'done.txt'))
    const again = await load()
    expect(again.failures).toEqual([])
    expect(again.sent).toBe(report.plan.operations.length)
    expect(await feed()).toBe(before)
  })

  it('lists refused lines in a file', async () => {
    const written = (await readFile(report.refusedFile, 'utf8')).split('\n').filter(Boolean)
    expect(written.map((line) => JSON.parse(line))).toEqual(report.plan.refused)
    expect(written.length).toBeGreaterThan(0)
  })

  it('leaves in Nexus the counts that the file says, for every person and post', async () => {
    const refused = new Set(report.plan.refused.map(({ line }) => line))
    const expected = expectedCounts(lines, refused)
    const names = { keys: report.keys, posts: report.plan.posts }
    const found = () => countsInNexus(network.nexus ?? '', expected, names)
    const wanted = wantedCounts(expected)
    await expect.poll(found, { interval: 250 }).toEqual(wanted)
  })
})
