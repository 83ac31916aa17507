import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBlob } from '@pubky/app-specs'
import { createFileBlobStore } from '@pubky/server-kit'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { objectEntry, openWorld, START_MS, type World } from '../projections/views/fixture.ts'
import { ANN, freshStory } from '../projections/views/story.ts'
import { createObjectReader } from '../read/object.ts'
import type { TrpcContext } from './context.ts'
import { appRouter } from './router.ts'

let world: World
let dir: string

beforeAll(async () => {
  world = await openWorld()
  await freshStory(world)
  dir = await mkdtemp(join(tmpdir(), 'object-'))
})
afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

it('says who signed a blob without opening the file, of which it returns nothing', async () => {
  await using blobs = createFileBlobStore({ dir })
  const writer = await blobs.begin(null)
  const bytes = new Uint8Array(2_000_000).fill(7)
  await writer.write(bytes)
  const { key, size } = await writer.finish()
  const { path } = buildBlob(bytes)
  const spec = { kind: 'PUT', owner: ANN, path, eventId: 99, receivedAtMs: START_MS } as const
  const entry = await objectEntry({ ...spec, body: bytes, proof: 1 })
  await world.append({ ...entry, body: { at: 'blob', key, size } })
  await world.apply()
  const reading = vi.spyOn(blobs, 'read')
  const objects = createObjectReader({ pool: world.db.pool, blobs })
  const { object } = appRouter.createCaller({ objects } as TrpcContext)
  const found = await object.get({ author: ANN, path })
  expect(found).toMatchObject({ bytes: null, proof: expect.any(String), verdict: 'signed' })
  expect(reading).not.toHaveBeenCalled()
  const whole = await objects.read(ANN, path)
  const body = await new Response(whole?.body as ReadableStream).arrayBuffer()
  expect(Buffer.from(body).equals(bytes)).toBe(true)
})
