import {
  bep44Signable,
  type Keypair,
  publicKeyBytes,
  randomKeypair,
  signerFromKeypair,
} from '@pubky/protocol'
import type { Dht, MutableItem } from '@pubky/sdk/dht'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** Two ends of one network with at least one more node behind them. */
export interface DhtUnderTest extends AsyncDisposable {
  readonly publisher: Dht
  readonly reader: Dht
}

/** A signed BEP44 item for tests. */
export async function signItem(
  keypair: Keypair,
  seq: bigint,
  value: Uint8Array,
): Promise<MutableItem> {
  const sig = await signerFromKeypair(keypair).sign(bep44Signable(seq, value))
  return { key: publicKeyBytes(keypair.publicKey), seq, value, sig }
}

const bytes = (text: string) => new TextEncoder().encode(text)

/** What every adapter of the port `Dht` does. */
export function describeDhtContract(name: string, open: () => Promise<DhtUnderTest>): void {
  describe(`the DHT contract, ${name}`, () => {
    let net: DhtUnderTest
    const keypair = randomKeypair()
    const key = publicKeyBytes(keypair.publicKey)

    beforeEach(async () => {
      net = await open()
    })
    afterEach(async () => {
      await net[Symbol.asyncDispose]()
    })

    // covers 8.11.4
    it('finds what another node put', async () => {
      const item = await signItem(keypair, 1n, bytes('hello'))
      const report = await net.publisher.put(item)
      expect(report.stored).toBeGreaterThan(0)
      expect(report).toMatchObject({ notMoreRecent: 0, casFailed: 0 })
      expect(await net.reader.get(key).first()).toEqual(item)
      const newest = await net.reader.get(key).newest()
      expect(newest.item).toEqual(item)
      expect(newest.report.agreed).toBeGreaterThan(0)
      expect(newest.report.responded).toBeLessThanOrEqual(newest.report.queried)
    })

    // covers 8.11.5
    it('finds nothing under an unknown key', async () => {
      expect(await net.reader.get(key).first()).toBeNull()
      expect(await net.reader.get(key).newest()).toMatchObject({
        item: null,
        report: { agreed: 0, newestInvalidSeq: null },
      })
    })

    // covers 8.11.8
    it('accepts the same item again, as republishing does', async () => {
      const item = await signItem(keypair, 5n, bytes('same'))
      const first = await net.publisher.put(item)
      const again = await net.reader.put(item)
      expect(again).toMatchObject({ notMoreRecent: 0, casFailed: 0, failed: 0 })
      expect(again.stored).toBeGreaterThanOrEqual(first.stored - 1)
    })

    // covers 8.11.7
    it('replaces older by newer and refuses older', async () => {
      await net.publisher.put(await signItem(keypair, 1n, bytes('old')))
      const newer = await signItem(keypair, 2n, bytes('new'))
      expect((await net.publisher.put(newer)).stored).toBeGreaterThan(0)
      const late = await net.publisher.put(await signItem(keypair, 1n, bytes('old')))
      expect(late.stored).toBe(0)
      expect(late.notMoreRecent).toBeGreaterThan(0)
      expect((await net.reader.get(key).newest()).item).toEqual(newer)
    })

    // covers 4.2.4, 8.11.7
    it('prefers the greater value among equal sequence numbers', async () => {
      await net.publisher.put(await signItem(keypair, 3n, bytes('b')))
      await net.publisher.put(await signItem(keypair, 3n, bytes('a')))
      expect((await net.reader.get(key).newest()).item?.value).toEqual(bytes('b'))
      await net.publisher.put(await signItem(keypair, 3n, bytes('c')))
      expect((await net.reader.get(key).newest()).item?.value).toEqual(bytes('c'))
    })

    // covers 4.1.1
    it('compares and swaps', async () => {
      await net.publisher.put(await signItem(keypair, 10n, bytes('one')))
      const next = await signItem(keypair, 11n, bytes('two'))
      const refused = await net.publisher.put(next, { cas: 9n })
      expect(refused.stored).toBe(0)
      expect(refused.casFailed).toBeGreaterThan(0)
      expect((await net.publisher.put(next, { cas: 10n })).stored).toBeGreaterThan(0)
    })

    it('keeps every digit of a sequence number and every byte of the largest value', async () => {
      const value = Uint8Array.from({ length: 1000 }, (_, at) => at % 256)
      const item = await signItem(keypair, 2n ** 63n - 1n, value)
      expect((await net.publisher.put(item)).stored).toBeGreaterThan(0)
      expect((await net.reader.get(key).newest()).item).toEqual(item)
    })

    it('refuses an item with a wrong signature and a value that is too large', async () => {
      const item = await signItem(keypair, 1n, bytes('x'))
      await expect(net.publisher.put({ ...item, seq: 2n })).rejects.toMatchObject({
        code: 'dht_item_invalid',
      })
      const large = await signItem(keypair, 1n, new Uint8Array(1001))
      await expect(net.publisher.put(large)).rejects.toMatchObject({ code: 'dht_item_invalid' })
      expect(await net.reader.get(key).first()).toBeNull()
    })

    // covers 8.11.6
    it('yields ascending items and only those newer than asked for', async () => {
      await net.publisher.put(await signItem(keypair, 7n, bytes('seven')))
      const seen: bigint[] = []
      for await (const { seq } of net.reader.get(key, { newerThan: 6n })) seen.push(seq)
      expect(seen).toEqual([7n])
      expect(await net.reader.get(key, { newerThan: 7n }).first()).toBeNull()
    })

    // covers 8.3.4
    it('says which newest value is no packet', async () => {
      await net.publisher.put(await signItem(keypair, 4n, bytes('not DNS')))
      const { report } = await net.reader.get(key).newest()
      expect(report.newestInvalidSeq).toBe(4n)
    })

    it('ends a look-up when its signal is aborted', async () => {
      const controller = new AbortController()
      controller.abort(new Error('enough'))
      await expect(net.reader.get(key, { signal: controller.signal }).newest()).rejects.toThrow(
        'enough',
      )
    })

    it('refuses to work once it is closed', async () => {
      await net.reader[Symbol.asyncDispose]()
      expect(() => net.reader.get(key)).toThrow(expect.objectContaining({ code: 'dht_closed' }))
    })
  })
}
