import { fromHex, type PublicKeyZ32, publicKeyFromBytes, verifySignature } from '@pubky/protocol'
import { createLogger } from '@pubky/server-kit'
import { readVectors } from '@pubky/testkit/vectors'
import { expect, it } from 'vitest'
import { createVerifier, type Verifier } from './verifier.ts'

interface Vector {
  reason: string
  key: string
  message: string
  signature: string
  valid: boolean
}

/** Those under keys that can be parsed; others never come so far. */
const vectors = readVectors<Vector[]>('ed25519')
  .filter(({ reason }) => !reason.startsWith('a key'))
  .map((vector) => ({ ...vector, name: publicKeyFromBytes(fromHex(vector.key)) as PublicKeyZ32 }))

function ask({ verify }: Verifier, times: number): Promise<boolean[]> {
  const all = Array.from({ length: times }, () => vectors).flat()
  return Promise.all(
    all.map(({ name, message, signature }) => verify(name, fromHex(message), fromHex(signature))),
  )
}

const wanted = (times: number) =>
  Array.from({ length: times }, () => vectors.map(({ valid }) => valid)).flat()

it('gives the verdict of every vector, many at once', async () => {
  await using verifier = createVerifier(createLogger('test'))
  expect(vectors.length).toBeGreaterThan(10)
  // Until the thread is up, all is done here.
  await expect
    .poll(async () => {
      expect(await ask(verifier, 20)).toEqual(wanted(20))
      return verifier.acceptedAside
    })
    .toBeGreaterThan(20)
  const turns = [ask(verifier, 1), ask(verifier, 2)]
  await new Promise(setImmediate)
  turns.push(ask(verifier, 3))
  expect(await Promise.all(turns)).toEqual([wanted(1), wanted(2), wanted(3)])
})

it.each(vectors)('gives the same verdict one at a time: $reason', async (vector) => {
  await using verifier = createVerifier(createLogger('test'))
  const [message, signature] = [fromHex(vector.message), fromHex(vector.signature)]
  expect(await verifier.verify(vector.name, message, signature)).toBe(vector.valid)
  expect(await verifySignature(vector.name, message, signature)).toBe(vector.valid)
})

it('answers what was asked before its thread ended, and goes on without it', async () => {
  const verifier = createVerifier(createLogger('test'))
  const before = ask(verifier, 5)
  await new Promise(setImmediate)
  const stopped = verifier[Symbol.asyncDispose]()
  const during = ask(verifier, 5)
  await stopped
  expect([await before, await during]).toEqual([wanted(5), wanted(5)])
  expect(await ask(verifier, 2)).toEqual(wanted(2))
})
