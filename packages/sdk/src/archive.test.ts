import {
  blake3Sync,
  createObjectProof,
  fromHex,
  keypairFromSeed,
  manifestTree,
  parseEventId,
  parseStrictPath,
  type SignedManifest,
  signerFromKeypair,
  signManifest,
  toHex,
  toMicros,
  utf8,
} from '@pubky/protocol'
import { readVectors } from '@pubky/testkit/vectors'
import { expect, test } from 'vitest'
import {
  endRecord,
  goneRecord,
  memoryArchive,
  objectRecord,
  readArchive,
  startRecord,
} from './archive.ts'
import { archiveSource, verifyArchive } from './archive-source.ts'

interface Step {
  put?: string
  gone?: string
  body?: string
  /** Whether the object carries a proof by its owner. */
  signed?: boolean
}

const vectors = readVectors<{
  ownerSeed: string
  homeserverSeed: string
  /** Microseconds: of proofs and manifests. Modified at the same time, in milliseconds. */
  at: number
  valid: {
    reason: string
    steps: Step[]
    cursor: string
    file: string
    objects: number
    bytes: number
    signed: number
  }[]
  invalid: { reason: string; file: string; error: string }[]
}>('archives')

const keypair = keypairFromSeed(fromHex(vectors.ownerSeed))
const owner = signerFromKeypair(keypair)
const homeserver = keypairFromSeed(fromHex(vectors.homeserverSeed)).publicKey
const at = toMicros(BigInt(vectors.at))

async function proofOf(path: ReturnType<typeof parseStrictPath>, hash: Uint8Array) {
  const o = { owner: owner.publicKey, action: 'PUT' as const, path, hash, timestamp: at }
  return createObjectProof(owner, o)
}

/** The file that docs/moving-house.md describes, record by record. */
async function written(steps: readonly Step[], cursor: string): Promise<Uint8Array> {
  const file = memoryArchive()
  const listed = new Map<string, { path: ReturnType<typeof parseStrictPath>; hash: Uint8Array }>()
  await file.append(startRecord({ owner: owner.publicKey, homeserver }))
  for (const step of steps) {
    const path = parseStrictPath(step.put ?? step.gone ?? '')
    if (step.gone !== undefined) {
      listed.delete(path)
      await file.append(goneRecord(path))
      continue
    }
    const body = utf8(step.body ?? '')
    const hash = blake3Sync(body)
    listed.set(path, { path, hash })
    const proof = step.signed ? await proofOf(path, hash) : null
    const lastModified = new Date(vectors.at / 1000)
    await file.append(objectRecord({ path, hash, size: body.length, proof, lastModified }))
    await file.append(body)
  }
  const manifests: SignedManifest[] = []
  for (const part of ['pub', 'priv'] as const) {
    const own = [...listed.values()].filter(({ path }) => path.startsWith(`/${part}/`))
    if (own.length > 0) manifests.push(await signManifest(owner, part, manifestTree(own), at))
  }
  await file.append(endRecord({ cursor: parseEventId(cursor), manifests }))
  return file.bytes()
}

test.each(vectors.valid)('has the published bytes: $reason', async ({ steps, cursor, file }) => {
  expect(toHex(await written(steps, cursor))).toBe(file)
})

test.each(vectors.valid)('is verified: $reason', async ({ file, objects, bytes, signed }) => {
  expect(await verifyArchive(memoryArchive(fromHex(file)))).toEqual({
    owner: owner.publicKey,
    homeserver,
    asOf: objects === 0 ? 0 : vectors.at / 1000,
    objects,
    bytes,
    signed,
  })
})

test.each(vectors.invalid)('is refused: $reason', async ({ file, error }) => {
  await expect(verifyArchive(memoryArchive(fromHex(file)))).rejects.toMatchObject({ code: error })
})

test('an update that was cut off leaves what was complete before', async () => {
  const steps = [
    { put: '/pub/app/a', body: 'one' },
    { put: '/pub/app/b', body: 'two' },
  ]
  const whole = await written(steps, '7')
  const before = await verifyArchive(memoryArchive(whole))
  const file = memoryArchive(whole)
  const [a, c] = [parseStrictPath('/pub/app/a'), parseStrictPath('/pub/app/c')]
  await file.append(goneRecord(parseStrictPath('/pub/app/b')))
  for (const path of [a, c]) {
    const body = utf8('three')
    const meta = { path, hash: blake3Sync(body), size: body.length, proof: null }
    await file.append(objectRecord({ ...meta, lastModified: new Date() }))
    await file.append(body)
  }
  expect(await verifyArchive(file)).toEqual(before)
  const source = await archiveSource(file)
  expect((await source.open(a))?.body).toEqual(utf8('one'))
  // An export goes on from the last record.
  const index = await readArchive(file)
  expect([[...index.objects.keys()].sort(), index.end]).toEqual([[a, c], null])
})
