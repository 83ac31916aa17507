import { memoryArchive } from '@pubky/sdk/archive'
import { fc } from '@pubky/testkit/properties'
import { expect, test } from 'vitest'
import { blobArchive } from './blob-archive.ts'

const step = fc.oneof(
  fc.record({ do: fc.constant('append' as const), bytes: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ do: fc.constant('truncate' as const), size: fc.nat(80) }),
  fc.record({ do: fc.constant('read' as const), at: fc.nat(80), length: fc.nat(40) }),
)

test('an archive in a blob behaves like one in memory', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 30 }), fc.array(step), async (start, steps) => {
      const blob = blobArchive(new Blob([new Uint8Array(start)]))
      const memory = memoryArchive(new Uint8Array(start))
      for (const one of steps) {
        if (one.do === 'read') {
          const { at, length } = one
          expect(await blob.read(at, length)).toEqual(await memory.read(at, length))
          continue
        }
        for (const file of [blob, memory])
          await (one.do === 'append' ? file.append(one.bytes) : file.truncate(one.size))
        expect(await blob.size()).toBe(await memory.size())
      }
      expect(new Uint8Array(await blob.blob().arrayBuffer())).toEqual(memory.bytes())
    }),
  )
})

test('bytes that were appended do not change with the array they came in', async () => {
  const file = blobArchive()
  const bytes = Uint8Array.of(1, 2)
  await file.append(bytes)
  bytes.fill(9)
  expect(await file.read(0, 2)).toEqual(Uint8Array.of(1, 2))
})
