import { decodeDnsMessage, encodeDnsMessage, type ResourceRecord } from '@pubky/protocol'
import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import { answerFrom, answerOf, writeReply } from './answer.ts'
import { questionMessage } from './doh.ts'
import { isSameQuestion, questionKey, readQuery, readReply } from './wire.ts'

const META = {
  bornMs: 0,
  expiresMs: 1,
  source: 'icann',
  origins: [],
  extended: null,
  isStale: false,
} as const
const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/)
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'))
const record: fc.Arbitrary<ResourceRecord> = fc.record({
  name,
  ttl: fc.integer({ min: 0, max: 2 ** 31 }),
  data: fc.oneof(
    fc.record({ type: fc.constant('A' as const), address: fc.ipV4() }),
    fc.record({ type: fc.constant('CNAME' as const), target: name }),
    fc.record({
      type: fc.constant('TXT' as const),
      strings: fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 3 }),
    }),
  ),
})

describe('messages on the wire', () => {
  it('give back any question, with what else was wanted', () => {
    fc.assert(
      fc.property(
        name,
        fc.integer({ min: 0, max: 65_535 }),
        fc.boolean(),
        (asked, type, dnssec) => {
          const query = readQuery(questionMessage(asked, type, { dnssec }))
          expect(query).toMatchObject({ type, class: 1, edns: { size: 4096, version: 0, dnssec } })
        },
      ),
    )
  })

  it('keep every record of a reply when its OPT record is taken away and the TTLs count down', () => {
    const records = fc.array(record, { maxLength: 8 })
    // A resolver may send anything after the last record.
    const behind = fc.uint8Array({ maxLength: 20 })
    fc.assert(
      fc.property(name, records, fc.nat(1000), behind, (asked, answers, age, rest) => {
        const opt = decodeDnsMessage(questionMessage(asked, 1)).additionals
        const questions = [{ name: asked, type: 1, class: 1 }]
        const whole = encodeDnsMessage({ flags: 0x8180, questions, answers, additionals: opt })
        const reply = Buffer.concat([whole, rest])
        const layout = readReply(reply)
        const query = readQuery(questionMessage(asked, 1))
        const answer = layout && answerFrom(reply, layout, META)
        if (!answer || !query) throw new Error('unreadable')
        const sent = writeReply(answer, query, { nowMs: age * 1000, limit: 65_535 })
        expect(decodeDnsMessage(new Uint8Array(sent))).toMatchObject({
          id: query.id,
          questions,
          answers: answers.map((one) => ({
            ...one,
            ttl: one.ttl === 0 ? 0 : Math.max(1, one.ttl - age),
          })),
        })
      }),
    )
  })

  it('are told apart by question and wishes, not by the case of letters', () => {
    const key = (asked: string, type = 1, o = {}) => {
      const query = readQuery(questionMessage(asked, type, o))
      return query && questionKey(query)
    }
    expect(key('Foo.Example')).toBe(key('foo.eXAMPLE'))
    // Type 65 is the letter A, which must not fold into 97.
    expect(key('foo', 65)).not.toBe(key('foo', 97))
    expect(key('foo', 1, { dnssec: true })).not.toBe(key('foo', 1))
    expect(key('foo.bar')).not.toBe(key('foo\\.bar'))
  })

  it('belong together only when the question is the same', () => {
    const [one, two] = [questionMessage('a.example', 1), questionMessage('b.example', 1)]
    const end = readQuery(one)?.questionEnd ?? 0
    expect(isSameQuestion(one, questionMessage('A.EXAMPLE', 1), end)).toBe(true)
    expect(isSameQuestion(one, two, end)).toBe(false)
    expect(isSameQuestion(one, questionMessage('a.example', 2), end)).toBe(false)
    expect(isSameQuestion(one, one.subarray(0, end - 1), end)).toBe(false)
  })

  it('that are no questions are refused, whatever they hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        readQuery(Buffer.from(bytes))
        readReply(Buffer.from(bytes))
      }),
    )
    const pointer = questionMessage('a.example', 1)
    pointer[12] = 0xc0
    expect(readQuery(pointer)).toBeNull()
    const twoOpts = decodeDnsMessage(questionMessage('a.example', 1))
    const doubled = [...twoOpts.additionals, ...twoOpts.additionals]
    expect(
      readQuery(Buffer.from(encodeDnsMessage({ ...twoOpts, additionals: doubled }))),
    ).toBeNull()
    const { additionals } = twoOpts
    const reply = (sections: object) =>
      readReply(Buffer.from(encodeDnsMessage({ ...twoOpts, additionals: [], ...sections })))
    expect(reply({ additionals })?.opt).not.toBeNull()
    expect([reply({ additionals: doubled }), reply({ answers: additionals })]).toEqual([null, null])
  })

  // covers 4.4.2
  it('are cut to the question when they do not fit', () => {
    const questions = [{ name: 'a.example', type: 16, class: 1 }]
    const strings = [new Uint8Array(255), new Uint8Array(255), new Uint8Array(255)]
    const answers = [{ name: 'a.example', ttl: 1, data: { type: 'TXT', strings } }] as const
    const answer = answerOf({ flags: 0x8180, questions, answers }, META)
    const query = readQuery(questionMessage('A.example', 16))
    if (!query) throw new Error('unreadable')
    const cut = decodeDnsMessage(writeReply(answer, query, { nowMs: 0, limit: 512 }))
    expect([cut.flags & 0x200, cut.answers.length, cut.questions[0]?.name]).toEqual([
      0x200,
      0,
      'A.example',
    ])
  })
})
