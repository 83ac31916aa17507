import { createIdClock, idMicros, mentionsIn, type PostId, parseObject } from '@pubky/app-specs'
import { nowMicros, type PublicKeyZ32, randomKeypair } from '@pubky/protocol'
import { expectedCounts, sampleLines, sampleOf } from '@pubky/testkit/sample'
import { describe, expect, it } from 'vitest'
import { type Names, type Plan, planLoad } from './plan.ts'

function createNames(): Names {
  const keys = new Map<string, PublicKeyZ32>()
  const ids = new Map<string, PostId>()
  const nextId = createIdClock(nowMicros)
  return {
    key(person) {
      const key = keys.get(person) ?? randomKeypair().publicKey
      keys.set(person, key)
      return key
    },
    postId(post) {
      const id = ids.get(post) ?? nextId()
      ids.set(post, id)
      return id
    },
    now: nowMicros(),
  }
}

const lines = sampleLines()
const names = createNames()
const plan = planLoad(lines, names)

function objectOf(from: Plan, line: number) {
  const operation = from.operations.find(({ id }) => id === line)
  return operation && parseObject(operation.path, operation.body)
}

const line = (value: unknown) => JSON.stringify(value)
const ada = line({ op: 'profile', user: 'ada', name: 'Ada', bio: '' })
const bob = line({ op: 'profile', user: 'bob', name: 'Bob', bio: '' })
const post = (handle: string, more: object = {}) =>
  line({ op: 'post', user: 'ada', post: handle, kind: 'short', content: 'x', at: null, ...more })

describe('the sample', () => {
  it('refuses twenty lines, each with its field and reason', () => {
    const found = plan.refused.map(({ op, field, code }) => `${op}.${field} ${code}`)
    const tally = Object.fromEntries(
      [...new Set(found)].map((what) => [what, found.filter((other) => other === what).length]),
    )
    expect(tally).toEqual({
      'profile.name too_short': 1,
      'post.content too_long': 1,
      'post.reply_to missing_reference': 1,
      'tag.label invalid_character': 11,
      'tag.label too_long': 3,
      'tag.post missing_reference': 3,
    })
    expect(plan.refused.find(({ op }) => op === 'post')?.line).toBe(677)
  })

  it('writes each repeated tag and bookmark once', () => {
    expect(plan.counts).toEqual({
      profile: { written: 147, repeated: 0, refused: 1 },
      follow: { written: 283, repeated: 0, refused: 0 },
      post: { written: 503, repeated: 0, refused: 2 },
      tag: { written: 1249, repeated: 238, refused: 17 },
      bookmark: { written: 49, repeated: 32, refused: 0 },
    })
  })

  it('agrees with figures computed without the loader', () => {
    const refused = new Set(plan.refused.map((refusal) => refusal.line))
    const expected = expectedCounts(lines, refused)
    expect(plan.counts.tag.written).toBe(expected.tags)
    expect(plan.counts.bookmark.written).toBe(expected.bookmarks)
    expect(plan.counts.follow.written).toBe(expected.follows)
    expect([...plan.posts.keys()]).toEqual([...expected.posts.keys()])
  })

  it('plans only objects that readers accept, in the order of the lines', () => {
    const parsed = plan.operations.map(({ path, body }) => parseObject(path, body).kind)
    expect(parsed).toHaveLength(2231)
    const ids = plan.operations.map(({ id }) => id)
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
  })

  it('gives posts new ids that increase strictly in file order', () => {
    const micros = [...plan.posts.values()].map(idMicros)
    expect(micros).toHaveLength(503)
    expect(micros.every((value, i) => i === 0 || value > (micros[i - 1] ?? value))).toBe(true)
  })

  it('turns handles in texts into keys, so that exactly the listed mentions are found', () => {
    const found = new Map<string, PublicKeyZ32[]>()
    const listed = new Map<string, PublicKeyZ32[]>()
    lines.forEach((raw, index) => {
      const { op, post: handle, mentions = [] } = JSON.parse(raw)
      const object = op === 'post' ? objectOf(plan, index + 1) : undefined
      if (object?.kind !== 'post') return
      if (mentions.length > 0) listed.set(handle, mentions.map(names.key))
      const keys = mentionsIn(object.value.content)
      if (keys.length > 0) found.set(handle, keys)
      expect(object.value.content).not.toMatch(/\{u\d+\}/)
    })
    // One text names the key of a server that is nobody of this file.
    expect(found.get('p130')).toEqual(['4unkz8qto4xec6jhw9mie9oepgcurirebdx8axyq3o36fanooxxy'])
    found.delete('p130')
    expect(found).toEqual(listed)
    expect(listed.size).toBe(4)
  })

  it('waits with every line for what it refers to', () => {
    const before = new Set<number>()
    for (const { id, after } of plan.operations) {
      expect(after.every((other) => before.has(other))).toBe(true)
      before.add(id)
    }
  })

  it('plans the same again with the same keys and ids', () => {
    expect(planLoad(lines, names).operations).toEqual(plan.operations)
  })

  it('has parts that refer to lines left out', () => {
    const part = sampleOf(lines, 0.4, 1)
    expect(part.length).toBeGreaterThan(200)
    expect(part.length).toBeLessThan(800)
    expect(
      planLoad(part, createNames()).refused.some(({ code }) => code === 'missing_reference'),
    ).toBe(true)
  })
})

describe('a line', () => {
  const refusalsOf = (...raw: string[]) => planLoad(raw, createNames()).refused

  it.each([
    ['no JSON', '{', 'invalid_json', null],
    ['no object', '[]', 'invalid_shape', null],
    ['an unknown op', line({ op: 'like' }), 'unknown_op', 'op'],
    ['a missing member', line({ op: 'profile', user: 'x', bio: '' }), 'invalid_shape', 'name'],
    [
      'a hostile handle',
      line({ op: 'profile', user: '../x', name: 'abc', bio: '' }),
      'invalid_shape',
      'user',
    ],
    [
      'a fraction as time',
      line({ op: 'follow', user: 'a', target: 'b', at: 1.5 }),
      'invalid_shape',
      'at',
    ],
    [
      'a time beyond exact numbers',
      line({ op: 'follow', user: 'a', target: 'b', at: 1e15 }),
      'invalid_shape',
      'at',
    ],
    [
      'a tag on two things',
      line({ op: 'tag', user: 'a', label: 'x', post: 'p', profile: 'a', at: 1 }),
      'invalid_shape',
      'post',
    ],
    [
      'an author without profile',
      line({ op: 'bookmark', user: 'zed', post: 'p', at: 1 }),
      'missing_reference',
      'user',
    ],
  ])('with %s is refused by number and field, and the rest is played', (_, raw, code, field) => {
    const result = planLoad([ada, raw, bob], createNames())
    expect(result.refused).toMatchObject([{ line: 2, code, field }])
    expect(result.operations.map(({ id }) => id)).toEqual([1, 3])
  })

  it('that follows somebody whose profile was refused is refused, but that person may write', () => {
    const noName = line({ op: 'profile', user: 'x', name: 'x', bio: '' })
    const follow = (user: string, target: string) => line({ op: 'follow', user, target, at: null })
    const result = planLoad([ada, noName, follow('ada', 'x'), follow('x', 'ada')], createNames())
    expect(result.refused.map(({ line: number, code }) => [number, code])).toEqual([
      [2, 'too_short'],
      [3, 'missing_reference'],
    ])
    expect([...result.people.keys()]).toEqual(['ada', 'x'])
    expect(result.operations.at(-1)).toMatchObject({ id: 4, author: 'x' })
  })

  it('that repeats a handle is refused', () => {
    expect(refusalsOf(ada, ada, post('p1'), post('p1'))).toMatchObject([
      { line: 2, code: 'duplicate' },
      { line: 4, code: 'duplicate' },
    ])
  })

  it('with a time keeps it in microseconds, without one takes the time of the first run', () => {
    const fixed = { ...createNames(), now: nowMicros() }
    const follow = (at: number | null, target: string) =>
      line({ op: 'follow', user: 'ada', target, at })
    const result = planLoad(
      [ada, bob, follow(1_719_913_595_668, 'bob'), follow(null, 'ada')],
      fixed,
    )
    expect(objectOf(result, 3)).toMatchObject({ value: { createdAt: 1_719_913_595_668_000 } })
    expect(objectOf(result, 4)).toMatchObject({ value: { createdAt: Number(fixed.now) } })
  })

  it('that reposts takes over the kind of the other post', () => {
    const link = post('p1', { kind: 'link', content: 'https://example.com' })
    const result = planLoad(
      [ada, link, post('p2', { content: '', repost_of: 'p1' })],
      createNames(),
    )
    expect(objectOf(result, 3)).toMatchObject({ value: { embed: { kind: 'link' } } })
  })

  it('that is empty is passed over, but counted', () => {
    expect(planLoad(['', ada, '', '{'], createNames()).refused).toMatchObject([{ line: 4 }])
  })
})
