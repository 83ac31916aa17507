import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parsePublicKey } from '@pubky/protocol'
import { startTestNetwork, type TestNetwork } from '@pubky/testkit/network'
import { expectedCounts, sampleLines, sampleOf } from '@pubky/testkit/sample'
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

async function answer(path: string): Promise<Record<string, number>> {
  const response = await fetch(`${network.nexus}/v0${path}`)
  expect(response.status, path).toBe(200)
  return (await response.json()) as Record<string, number>
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
    await expect(half).rejects.toThrow()
    report = await load()
    expect(report.failures).toEqual([])
    expect(report.sent).toBeLessThan(report.plan.operations.length)
    expect(report.sent).toBeGreaterThan(0)
  }, 120_000)

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
  }, 120_000)

  it('lists refused lines in a file', async () => {
    const written = (await readFile(report.refusedFile, 'utf8')).split('\n').filter(Boolean)
    expect(written.map((line) => JSON.parse(line))).toEqual(report.plan.refused)
    expect(written.length).toBeGreaterThan(0)
  })

  it('leaves in Nexus the counts that the file says, for every person and post', async () => {
    const refused = new Set(report.plan.refused.map(({ line }) => line))
    const expected = expectedCounts(lines, refused)
    const key = (who: string) => parsePublicKey(report.keys.get(who) ?? '')
    const found = async () => {
      const users = [...expected.users.keys()].map(async (who) => {
        const counts = await answer(`/user/${key(who)}/counts`)
        return [who, pick(counts, USER_COUNTS)]
      })
      const posts = [...expected.posts].map(async ([handle, { author }]) => {
        const id = report.plan.posts.get(handle)
        const counts = await answer(`/post/${key(author)}/${id}/counts`)
        return [handle, { author, ...pick(counts, POST_COUNTS) }]
      })
      return {
        users: Object.fromEntries(await Promise.all(users)),
        posts: Object.fromEntries(await Promise.all(posts)),
      }
    }
    const wanted = {
      users: Object.fromEntries(expected.users),
      posts: Object.fromEntries(expected.posts),
    }
    await expect.poll(found, { timeout: 60_000, interval: 250 }).toEqual(wanted)
  }, 120_000)
})

const USER_COUNTS = [
  'posts',
  'replies',
  'tagged',
  'tags',
  'unique_tags',
  'following',
  'followers',
  'friends',
  'bookmarks',
] as const
const POST_COUNTS = ['tags', 'unique_tags', 'replies', 'reposts'] as const

function pick(counts: Record<string, number>, names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, counts[name]]))
}
