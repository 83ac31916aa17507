import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { expect, test } from 'vitest'
import { toMicros } from './brands.ts'
import { fromHex, toHex } from './bytes.ts'
import { keypairFromSeed } from './keys.ts'
import { type MoveAction, signMoveStatement, verifyMoveStatement } from './moving.ts'
import { signerFromKeypair } from './signer.ts'

const vectors = readVectors<{
  ownerSeed: string
  hostSeed: string
  targetSeed: string
  timestamp: number
  statements: { action: MoveAction; bytes: string }[]
}>('move-statements')
const pair = (seed: string) => keypairFromSeed(fromHex(seed))
const owner = signerFromKeypair(pair(vectors.ownerSeed))
const host = pair(vectors.hostSeed).publicKey
const target = pair(vectors.targetSeed).publicKey
const timestamp = toMicros(BigInt(vectors.timestamp))

test.each(vectors.statements)('the bytes of $action', async ({ action, bytes }) => {
  const statement = { action, timestamp, target: action === 'thaw' ? null : target }
  expect(toHex(await signMoveStatement(owner, host, statement))).toBe(bytes)
  const at = { owner: owner.publicKey, host }
  expect(await verifyMoveStatement(fromHex(bytes), at)).toEqual(statement)
})

test('a statement holds for one owner and one host', async () => {
  const bytes = await signMoveStatement(owner, host, { action: 'moved', timestamp, target })
  for (const at of [
    { owner: target, host },
    { owner: owner.publicKey, host: target },
  ])
    await expect(verifyMoveStatement(bytes, at)).rejects.toMatchObject({
      code: 'invalid_move_statement',
    })
})

test('a changed byte, or bytes of any other kind, are refused', async () => {
  const bytes = await signMoveStatement(owner, host, { action: 'freeze', timestamp, target })
  const at = { owner: owner.publicKey, host }
  const refusal = { code: expect.stringMatching(/^invalid_(move_statement|public_key)$/) }
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (i, x) => {
      const changed = Uint8Array.from(bytes)
      changed[i] = (changed[i] ?? 0) ^ x
      await expect(verifyMoveStatement(changed, at)).rejects.toMatchObject(refusal)
    }),
  )
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), async (noise) => {
      await expect(verifyMoveStatement(noise, at)).rejects.toMatchObject(refusal)
    }),
  )
})
