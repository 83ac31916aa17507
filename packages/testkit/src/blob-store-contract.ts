import { blake3Sync } from '@pubky/protocol'
import { BlobMissingError, type BlobStore } from '@pubky/server-kit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const bytes = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed) % 251)

async function put(store: BlobStore, key: string | null, ...chunks: Uint8Array[]) {
  const writer = await store.begin(key)
  for (const chunk of chunks) await writer.write(chunk)
  return writer.finish()
}

async function get(store: BlobStore, key: string, o?: { start?: number; end?: number }) {
  return new Uint8Array(await new Response(await store.read(key, o)).arrayBuffer())
}

async function keys(store: BlobStore, o: { after?: string; limit: number }) {
  const found: string[] = []
  for await (const { key } of store.list(o)) found.push(key)
  return found
}

/** What every adapter of `BlobStore` does; `open` gives an empty store, or the same one again. */
export function blobStoreContract(name: string, open: () => Promise<BlobStore>): void {
  describe(`blob store: ${name}`, () => {
    let store: BlobStore
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store[Symbol.asyncDispose]())

    it('gives back what was written, with its size and hash', async () => {
      const [a, b] = [bytes(70_000, 1), bytes(300_001, 2)]
      const whole = new Uint8Array([...a, ...b])
      const meta = await put(store, 'key-aaaa1', a, b)
      expect(meta).toEqual({ key: 'key-aaaa1', size: whole.length, blake3: blake3Sync(whole) })
      expect(Buffer.compare(await get(store, 'key-aaaa1'), whole)).toBe(0)
      expect(await store.stat('key-aaaa1')).toEqual(meta)
    })

    it('stores nothing, too', async () => {
      expect((await put(store, 'empty-0001')).size).toBe(0)
      expect(await get(store, 'empty-0001')).toEqual(new Uint8Array())
    })

    it('names a blob itself when nobody else does', async () => {
      const bodies = [20, 70_000, 300_001, 20].map((length, n) => bytes(length, n))
      const metas = await Promise.all(bodies.map((body) => put(store, null, body)))
      const names = metas.map(({ key }) => key)
      expect(new Set(names).size).toBe(bodies.length)
      for (const [n, key] of names.entries()) {
        expect(Buffer.compare(await get(store, key), bodies[n] ?? bytes(0, 0))).toBe(0)
        expect(await get(store, key, { start: 3, end: 12 })).toEqual(bodies[n]?.slice(3, 12))
        expect(await store.stat(key)).toEqual(metas[n])
      }
      expect(await keys(store, { limit: 10 })).toEqual([...names].sort())
      await store.delete(names.slice(1))
      await store.delete(names.slice(1))
      expect(await keys(store, { limit: 10 })).toEqual(names.slice(0, 1))
      const dropped = await store.begin(null)
      await dropped.write(bytes(100, 1))
      await dropped.abort()
      expect(await keys(store, { limit: 10 })).toEqual(names.slice(0, 1))
    })

    it('reads ranges whose end is exclusive', async () => {
      const body = bytes(1000, 3)
      await put(store, 'range-0001', body)
      expect(await get(store, 'range-0001', { start: 10, end: 20 })).toEqual(body.slice(10, 20))
      expect(await get(store, 'range-0001', { start: 990 })).toEqual(body.slice(990))
      expect(await get(store, 'range-0001', { start: 5, end: 5 })).toEqual(new Uint8Array())
      expect(await get(store, 'range-0001', { start: 990, end: 5000 })).toEqual(body.slice(990))
    })

    it('shows nothing of an upload that was aborted or is not finished', async () => {
      const aborted = await store.begin('abort-0001')
      await aborted.write(bytes(100, 1))
      await aborted.abort()
      const open = await store.begin('abort-0002')
      await open.write(bytes(100, 1))
      expect(await store.stat('abort-0001')).toBeNull()
      expect(await store.stat('abort-0002')).toBeNull()
      expect(await keys(store, { limit: 10 })).toEqual([])
      await open.abort()
    })

    it('says that a blob is missing', async () => {
      await expect(store.read('none-0001')).rejects.toThrow(BlobMissingError)
      await expect(store.read('../../../etc/passwd')).rejects.toThrow(BlobMissingError)
      await expect(store.begin('../../evil')).rejects.toThrow(BlobMissingError)
      expect(await store.stat('none-0001')).toBeNull()
    })

    it('deletes, also what is not there', async () => {
      await put(store, 'gone-0001', bytes(10, 1))
      await store.delete(['gone-0001', 'gone-0002'])
      await store.delete(['gone-0001'])
      expect(await store.stat('gone-0001')).toBeNull()
      await expect(store.read('gone-0001')).rejects.toThrow(BlobMissingError)
    })

    it('lists in the order of keys, page by page', async () => {
      const names = ['zz-000001', 'ab-000002', 'ab-000001', 'Ab-000001', '0-0000001']
      for (const name of names) await put(store, name, bytes(4, 1))
      const sorted = [...names].sort()
      expect(await keys(store, { limit: 10 })).toEqual(sorted)
      expect(await keys(store, { limit: 2 })).toEqual(sorted.slice(0, 2))
      for (const [i, after] of sorted.entries())
        expect(await keys(store, { after, limit: 10 })).toEqual(sorted.slice(i + 1))
    })

    it('writes many at once', async () => {
      const names = Array.from({ length: 40 }, (_, i) => `many-${String(i).padStart(6, '0')}`)
      await Promise.all(names.map((key, i) => put(store, key, bytes(2000, i))))
      expect(await keys(store, { limit: 100 })).toEqual(names)
      expect(await get(store, 'many-000033')).toEqual(bytes(2000, 33))
    })
  })
}
