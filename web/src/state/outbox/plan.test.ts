import { randomKeypair } from '@pubky/protocol'
import { expect, it } from 'vitest'
import { planOps } from './plan.ts'

const AUTHOR = randomKeypair().publicKey

it('stores a picture that is chosen twice once, under two files', () => {
  const picture = { name: 'cat.png', type: 'image/png', bytes: Uint8Array.of(1, 2, 3) }
  const { ops } = planOps(AUTHOR, {
    type: 'post',
    key: `${AUTHOR}:0034A0X7NJ52G`,
    content: 'Twice the same',
    kind: 'image',
    parent: null,
    embed: null,
    tags: [],
    uploads: [picture, { ...picture }],
    atMs: 0,
    replies: 0,
    reposts: 0,
  })
  const folders = ops.map(({ path }) => path.split('/')[3])
  expect(folders).toEqual(['blobs', 'files', 'files', 'posts'])
  const post = JSON.parse(Buffer.from(ops.at(-1)?.body ?? []).toString())
  expect(new Set(post.attachments).size).toBe(2)
})
