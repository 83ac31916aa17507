import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nowMicros } from './brands.ts'
import { toHex, utf8 } from './bytes.ts'
import { must } from './errors.ts'
import { parseEventId } from './event-id.ts'
import { blake3, blake3Sync, createBlake3, randomBytes, sha256 } from './hash.ts'
import { primitives } from './primitives/node.ts'

const native = must(primitives.blake3, 'native BLAKE3')

describe.each([
  { way: 'in native code', blake: native },
  { way: 'in WebAssembly', blake: null },
])('blake3 $way', ({ blake }) => {
  beforeAll(() => {
    primitives.blake3 = blake
  })
  afterAll(() => {
    primitives.blake3 = native
  })

  it('gives the published hash of nothing', async () => {
    const empty = 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'
    expect(toHex(await blake3(new Uint8Array()))).toBe(empty)
    expect(toHex(blake3Sync(new Uint8Array()))).toBe(empty)
  })

  it('is the same at once, in pieces, and beside other hashes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 6 }),
        async (pieces) => {
          const [first, second] = [await createBlake3(), await createBlake3()]
          for (const piece of pieces) {
            first.update(piece)
            second.update(piece)
          }
          second.update(Uint8Array.of(1))
          const whole = Uint8Array.from(pieces.flatMap((piece) => [...piece]))
          const digest = first.digest()
          const other = second.digest()
          expect(digest).toEqual(blake3Sync(whole))
          expect(digest).toEqual(await blake3(whole))
          expect(other).toEqual(blake3Sync(Uint8Array.from([...whole, 1])))
        },
      ),
      { numRuns: 30 },
    )
  })

  it('can be taken once', async () => {
    const hash = await createBlake3()
    hash.digest()
    expect(() => hash.digest()).toThrow('hash already taken')
    expect(() => hash.update(new Uint8Array())).toThrow('hash already taken')
  })
})

describe('sha256', () => {
  it('gives what a homeserver keeps of a bearer', async () => {
    const { bearer } = readVectors<{ bearer: { text: string; sha256: string } }>('auth')
    expect(toHex(await sha256(utf8(bearer.text)))).toBe(bearer.sha256)
  })
})

describe('randomBytes', () => {
  it('gives as many as asked, more than the system gives at once', () => {
    const bytes = randomBytes(70_000)
    expect(bytes.length).toBe(70_000)
    expect(bytes.subarray(65_536).some((byte) => byte !== 0)).toBe(true)
  })
})

describe('nowMicros', () => {
  it('rises with every call', () => {
    let last = nowMicros()
    for (let i = 0; i < 5000; i += 1) {
      const next = nowMicros()
      expect(next > last).toBe(true)
      last = next
    }
  })

  // covers 8.10.6
  it('is the clock of the system, its milliseconds made microseconds', () => {
    const [before, now, after] = [Date.now(), nowMicros(), Date.now()]
    expect(now / 1000n).toBeGreaterThanOrEqual(before)
    // One step beyond it for each of the calls above at most.
    expect(now / 1000n).toBeLessThanOrEqual(after + 10)
  })
})

describe('parseEventId', () => {
  it.each(['0', '1', '9223372036854775807'])('reads %s', (text) => {
    expect(parseEventId(text)).toBe(text)
  })

  it.each(['', '01', '-1', '+1', '1.0', '9223372036854775808', '99999999999999999999', '1\n'])(
    'refuses %j',
    (text) => {
      expect(() => parseEventId(text)).toThrow('not an event id')
    },
  )
})

describe('must', () => {
  it('names what is missing', () => {
    expect(must(0, 'number')).toBe(0)
    expect(() => must(null, 'number')).toThrow('missing: number')
  })
})
