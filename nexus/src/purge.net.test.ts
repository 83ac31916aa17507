import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  buildBlob,
  buildFile,
  buildPost,
  buildProfile,
  createIdClock,
  type FileId,
  fileUri,
} from '@pubky/app-specs'
import { must, nowMicros, randomKeypair } from '@pubky/protocol'
import { createPool } from '@pubky/server-kit'
import { joinNetwork, startTestNetwork } from '@pubky/testkit/network'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { parsePurgeTarget, purge } from './purge.ts'

const SECRET = 'Quetzalcoatlus'

async function filesBelow(dir: string): Promise<string[]> {
  const all = await readdir(dir, { recursive: true, withFileTypes: true })
  return all.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []))
}

/** The tables in which a word occurs anywhere. */
async function tablesWith(databaseUrl: string, word: string): Promise<string[]> {
  const pool = createPool(databaseUrl, { max: 1 })
  try {
    const { rows } = await pool.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public'`,
    )
    const found: string[] = []
    for (const { name } of rows) {
      const { rows: hits } = await pool.query(
        `select 1 from "${name}" t
         where t::text ilike $1 or t::text like $2 limit 1`,
        [`%${word}%`, `%${Buffer.from(word).toString('hex')}%`],
      )
      if (hits.length > 0) found.push(name)
    }
    return found
  } finally {
    await pool.end()
  }
}

it('erases a post with its picture, then a whole person, from every table and folder while all runs', async () => {
  await using network = await startTestNetwork({ nexus: true })
  const config = must(network.nexusConfig, 'settings')
  const ids = createIdClock(nowMicros)
  const { key, session } = await joinNetwork(network)
  const put = (o: { path: string; body: Uint8Array }) => session.storage.put(o.path, o.body)
  const get = (path: string) => fetch(network.nexus + path)
  const create = { width: 900, height: 600, channels: 3, background: '#c8ff00' } as const
  const blob = buildBlob(await sharp({ create }).png().toBuffer())
  const src = `pubky://${key}${blob.path}`
  const meta = { name: `${SECRET}.png`, src, contentType: 'image/png', size: blob.body.length }
  const file = buildFile({ ...meta, createdAt: Number(nowMicros()) }, ids() as unknown as FileId)
  const draft = { content: `${SECRET} flies`, attachments: [fileUri(key, file.id)] }
  const post = buildPost({ ...draft, kind: 'image' }, ids())
  const other = buildPost({ content: `No ${SECRET}`, kind: 'short' }, ids())
  for (const one of [buildProfile({ name: `Ms ${SECRET}` }), blob, file, post, other])
    await put(one)

  const view = (id: string) => `/v0/post/${key}/${id}`
  const thumbnail = `/static/files/${key}/${file.id}/small`
  const found = async () =>
    ((await (await get(`/v0/search/posts/by_content?q=${SECRET}`)).json()) as unknown[]).length
  await expect.poll(found).toBe(2)
  await expect.poll(async () => (await get(thumbnail)).status).toBe(200)
  expect(await filesBelow(config.dataDir)).toHaveLength(2)

  const nowMs = Date.now()
  for (const { path } of [post, file, blob]) {
    const count = await purge(config, { owner: key, path, reason: 'court', nowMs })
    expect(count).toBe(1)
  }
  expect(await filesBelow(config.dataDir)).toEqual([])
  await expect.poll(async () => (await get(view(post.id))).status).toBe(404)
  await expect.poll(async () => (await get(thumbnail)).status).toBe(404)
  await expect.poll(found).toBe(1)
  expect((await get(view(other.id))).status).toBe(200)

  await purge(config, { owner: key, path: null, reason: 'court', nowMs })
  await expect.poll(() => tablesWith(config.databaseUrl, SECRET)).toEqual([])
  expect((await get(view(other.id))).status).toBe(404)

  const again = buildPost({ content: `${SECRET} again`, kind: 'short' }, ids())
  await put(again)
  await expect.poll(async () => (await get(view(again.id))).status).toBe(200)
})

it('purges by command, says how much, and refuses what is not here', async () => {
  await using network = await startTestNetwork({ nexus: true })
  const config = must(network.nexusConfig, 'settings')
  const stranger = randomKeypair().publicKey
  const bin = join(import.meta.dirname, 'bin/purge.ts')
  const env = { ...process.env, DATABASE_URL: config.databaseUrl, DATA_DIR: config.dataDir }
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', bin, ...args], { env }).then(
      ({ stdout }) => stdout,
      (error: { stderr: string; code: number }) => `${error.code}: ${error.stderr}`,
    )
  expect(await run(stranger)).toMatch(/^1: Usage: purge /)
  expect(await run('nonsense', '--reason', 'x')).toBe('1: Invalid PublicKey encoding\n')
  expect(await run(stranger, '--reason', 'x')).toBe(`1: Nothing of ${stranger} is here.\n`)
  const { key, session } = await joinNetwork(network)
  const profile = buildProfile({ name: 'Ann' })
  await session.storage.put(profile.path, profile.body)
  const nameOf = async () =>
    (
      (await (await fetch(`${network.nexus}/v0/user/${key}/details`)).json()) as {
        name?: string
      }
    ).name
  await expect.poll(nameOf).toBe('Ann')
  const uri = `pubky://${key}${profile.path}`
  expect(await run(uri, '--reason', 'x')).toBe('Purged 1 entry.\n')
  await expect.poll(nameOf).not.toBe('Ann')
})

it('reads keys and addresses', () => {
  const owner = randomKeypair().publicKey
  expect(parsePurgeTarget(owner)).toEqual({ owner, path: null })
  const path = '/pub/pubky.app/profile.json'
  expect(parsePurgeTarget(`pubky://${owner}${path}`)).toEqual({ owner, path })
  expect(() => parsePurgeTarget('pubky://nobody/pub/x')).toThrow('not a pubky:// address')
})
