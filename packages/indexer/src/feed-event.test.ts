import { keypairFromSeed } from '@pubky/protocol'
import { fc } from '@pubky/testkit/properties'
import { describe, expect, test } from 'vitest'
import { IndexerError } from './errors.ts'
import { lineOf, parseFrame, parsePage } from './feed-event.ts'
import { createSseParser } from './sse.ts'

const ALICE = keypairFromSeed(new Uint8Array(32).fill(1)).publicKey
const line = (n: number) => `PUT pubky://${ALICE}/pub/a/${n}`

describe('a page of events', () => {
  test('an empty page and an idle cursor are nothing', () => {
    expect(parsePage('', 7n, 10)).toBeNull()
    expect(parsePage('cursor: 7', 7n, 10)).toBeNull()
  })

  test('the last event has the id of the cursor and the others come before it', () => {
    const items = parsePage(
      `${line(1)}\nDEL pubky://${ALICE}/pub/b c\nnonsense\ncursor: 12`,
      3n,
      10,
    )
    expect(items?.map((item) => [item.kind, item.id, lineOf(item)])).toEqual([
      ['PUT', 10n, line(1)],
      ['DEL', 11n, `DEL pubky://${ALICE}/pub/b c`],
      [null, 12n, ''],
    ])
  })

  test.each([
    ['without a cursor', line(1), 'bad_answer'],
    ['with a repeated cursor', `${line(1)}\ncursor: 5`, 'bad_cursor'],
    ['with more events than ids', `${line(1)}\n${line(2)}\ncursor: 6`, 'bad_cursor'],
    ['with another idle cursor', 'cursor: 9', 'bad_cursor'],
    [
      'with more events than were asked for',
      `${line(1)}\n${line(2)}\n${line(3)}\ncursor: 90`,
      'bad_answer',
    ],
    ['with a cursor beyond all ids', `${line(1)}\ncursor: 9223372036854775807`, 'bad_answer'],
  ])('%s is refused', (_, text, code) => {
    expect(() => parsePage(text, 5n, 2)).toThrow(expect.objectContaining({ code }))
  })

  test('any text is a page or one of the listed errors', () => {
    const part = fc.oneof(
      fc.string(),
      fc.constant(line(1)),
      fc.nat().map((n) => `cursor: ${n}`),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), fc.bigInt(0n, 50n), (parts, after) => {
        try {
          const items = parsePage(parts.join('\n'), after, 4)
          let last = after
          for (const { id } of items ?? []) {
            expect(id > last).toBe(true)
            last = id
          }
        } catch (error) {
          expect(error).toBeInstanceOf(IndexerError)
        }
      }),
    )
  })
})

describe('the live form', () => {
  test('however the bytes are cut, the frames are the same', () => {
    const text = `: hi\n\nevent: PUT\r\ndata: pubky://${ALICE}/pub/ä\r\ndata: cursor: 3\r\n\r\nevent: DEL\ndata: x\n\n`
    const bytes = new TextEncoder().encode(text)
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
        const parser = createSseParser()
        const marks = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        const frames = marks.flatMap((at, i) => parser.push(bytes.subarray(at, marks[i + 1] ?? at)))
        expect(frames).toEqual([
          { name: 'PUT', data: [`pubky://${ALICE}/pub/ä`, 'cursor: 3'] },
          { name: 'DEL', data: ['x'] },
        ])
      }),
    )
  })

  test('unknown events and data are ignored, events without a cursor are not', () => {
    expect(parseFrame('HELLO', ['x'])).toBeNull()
    expect(parseFrame('PUT', ['cursor: 4', 'later: thing', 'pubky://bad/pub/x'])).toEqual({
      kind: null,
      id: 4n,
    })
    expect(() => parseFrame('PUT', [`pubky://${ALICE}/pub/x`])).toThrow(IndexerError)
  })
})
