import { fc } from '@pubky/testkit/properties'
import { expect, it } from 'vitest'
import { BLOCK_BYTES, MAX_IN_TABLE, readTable, writeTable } from './segment-format.ts'

it('a table is read as it was written, and nothing else is one', () => {
  const sizes = fc.array(fc.nat(262_144), { maxLength: MAX_IN_TABLE })
  fc.assert(
    fc.property(sizes, fc.nat(4000), (sizes, table) => {
      const block = Buffer.alloc(BLOCK_BYTES)
      const segment = '00ff00ff00ff00ff'
      const next = writeTable(block, { segment, table, storedMs: 5, sizes })
      const read = readTable(block, segment, table)
      expect(read?.blobs.map(({ size }) => size)).toEqual(sizes)
      expect([read?.next, read?.storedMs]).toEqual([next, 5])
      expect(readTable(block, segment, table + 1)).toBeNull()
      expect(readTable(block, '00ff00ff00ff00fe', table)).toBeNull()
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      expect(readTable(Buffer.from(bytes), '00ff00ff00ff00ff', 0)).toBeNull()
    }),
  )
})
