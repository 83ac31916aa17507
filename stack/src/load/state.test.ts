import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createIdClock } from '@pubky/app-specs'
import { nowMicros } from '@pubky/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openLoadState } from './state.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'load-state-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

it('keeps keys, ids and progress from one run to the next', async () => {
  const id = createIdClock(nowMicros)()
  const first = await openLoadState(dir)
  const { root, client } = first.person('ada')
  expect(first.postId('p1')).toBeUndefined()
  await first.save(new Map([['p1', id]]))
  first.done(3)
  first.done(17)
  await first[Symbol.asyncDispose]()

  await using second = await openLoadState(dir)
  expect(second.person('ada')).toEqual({ root, client })
  expect(second.person('bob').root.publicKey).not.toBe(root.publicKey)
  expect(second.postId('p1')).toBe(id)
  expect(second.createdAt).toBe(first.createdAt)
  expect([3, 17, 1, 7].map(second.isDone)).toEqual([true, true, false, false])
})

it('lets nobody else read the secrets', async () => {
  await using state = await openLoadState(dir)
  state.person('ada')
  await state.save(new Map())
  for (const name of ['state.json', 'done.txt', 'lock'])
    expect((await stat(join(dir, name))).mode & 0o077).toBe(0)
})

it('does not believe a line that was cut off', async () => {
  await writeFile(join(dir, 'done.txt'), '5\n12')
  const state = await openLoadState(dir)
  expect([5, 12, 1].map(state.isDone)).toEqual([true, false, false])
  state.done(123)
  await state[Symbol.asyncDispose]()
  await using again = await openLoadState(dir)
  expect([5, 123, 12].map(again.isDone)).toEqual([true, true, false])
})

it('forgets progress but neither keys nor ids when it restarts', async () => {
  const state = await openLoadState(dir)
  const key = state.person('ada').root.publicKey
  await state.save(new Map())
  state.done(1)
  await state.restart()
  state.done(2)
  await state[Symbol.asyncDispose]()
  await using again = await openLoadState(dir)
  expect([1, 2].map(again.isDone)).toEqual([false, true])
  expect(again.person('ada').root.publicKey).toBe(key)
})

it('is held by one process at a time, and taken over from one that died', async () => {
  const first = await openLoadState(dir)
  await expect(openLoadState(dir)).rejects.toMatchObject({ code: 'already_loading' })
  await first[Symbol.asyncDispose]()
  await writeFile(join(dir, 'lock'), '999999999\n1\n')
  await using second = await openLoadState(dir)
  expect(second.isDone(1)).toBe(false)
})

it('refuses a damaged state file instead of making new keys, and lets go of the folder', async () => {
  const state = await openLoadState(dir)
  state.person('ada')
  await state.save(new Map())
  await state[Symbol.asyncDispose]()
  const file = join(dir, 'state.json')
  const good = await readFile(file, 'utf8')
  await appendFile(file, '}')
  await expect(openLoadState(dir)).rejects.toMatchObject({ code: 'invalid_state' })
  await writeFile(file, good)
  await (await openLoadState(dir))[Symbol.asyncDispose]()
})
