import { type Label, type PostId, postKeyText } from '@pubky/app-specs'
import { keypairFromSeed, type PublicKeyZ32 } from '@pubky/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SearchDoc, SearchIndex } from '../../../nexus/src/search/search-index.ts'
import { fc } from './properties.ts'

const person = (n: number) => keypairFromSeed(new Uint8Array(32).fill(n)).publicKey
const [A, B, C] = [person(1), person(2), person(3)]
const label = (text: string) => text as Label

function post(
  n: number,
  text: string,
  o: Partial<Extract<SearchDoc, { kind: 'post' }>> = {},
): SearchDoc {
  const key = {
    author: o.post?.author ?? A,
    id: `003472M6A00${String(n).padStart(2, '0')}` as PostId,
  }
  return {
    kind: 'post',
    key: postKeyText(key),
    text,
    postKind: 'short',
    tags: [],
    atMs: n,
    ...o,
    post: key,
  }
}
const by = (author: PublicKeyZ32) => ({ post: { author, id: '' as PostId } })

function user(id: PublicKeyZ32, name: string, tags: [string, number][] = []): SearchDoc {
  return {
    kind: 'user',
    key: id,
    user: id,
    name,
    bio: '',
    tags: tags.map(([text, taggers]) => ({ label: label(text), taggers })),
  }
}

/** What every adapter of `SearchIndex` does. `open` gives the same index each time. */
export function searchIndexContract(name: string, open: () => Promise<SearchIndex>): void {
  describe(`SearchIndex of ${name}`, () => {
    let index: SearchIndex
    let position = 0n
    beforeAll(async () => {
      index = await open()
    })
    beforeEach(async () => {
      await index.reset()
      position = 0n
    })
    afterAll(async () => index[Symbol.asyncDispose]())

    async function write(put: SearchDoc[], remove: string[] = []): Promise<void> {
      position += 1n
      await index.apply({ position, put, remove })
      await index.settled()
    }
    /** Numbers of the posts found, best first. */
    async function find(text: string, o: object = {}): Promise<number[]> {
      const found = await index.posts({ text, limit: 50, ...o })
      return found.map(({ post: key }) => Number(key.id.slice(-2)))
    }
    const found = async (text: string, o: object = {}) =>
      (await find(text, o)).sort((a, b) => a - b)

    test('an empty index finds nothing', async () => {
      expect(await index.position()).toBe(0n)
      expect(await find('anything')).toEqual([])
      expect(await index.users({ namePrefix: 'a' }, { limit: 5 })).toEqual([])
      expect(await index.usersByTags([label('a')], { limit: 5 })).toEqual([])
      expect(await index.labels('a', { limit: 5 })).toEqual([])
    })

    test('all words must be there, in any order and case', async () => {
      await write([post(1, 'The quick brown Fox'), post(2, 'a quick test'), post(3, 'brown bread')])
      expect(await found('quick')).toEqual([1, 2])
      expect(await found('FOX quick')).toEqual([1])
      expect(await found('quick bread')).toEqual([])
    })

    test('what is no letter or digit separates words', async () => {
      await write([post(1, 'web3.0, e-mail: me@example.com!'), post(2, 'größe 東京タワー Привет')])
      expect(await found('web3 0')).toEqual([1])
      expect(await found('e mail')).toEqual([1])
      expect(await found('example.com')).toEqual([1])
      expect(await found('Größe')).toEqual([2])
      expect(await found('привет')).toEqual([2])
      expect(await found('東京')).toEqual([2])
      expect(await found('!!! … ---')).toEqual([])
    })

    test('typing errors are forgiven according to the length of the word', async () => {
      await write([post(1, 'database'), post(2, 'javascript authentication'), post(3, 'cats')])
      expect(await found('databse')).toEqual([1])
      expect(await found('javascrpt authentcation')).toEqual([2])
      expect(await found('cots')).toEqual([])
      expect(await found('dtabse')).toEqual([])
    })

    test('the last word may be unfinished, the ones before it may not', async () => {
      await write([post(1, 'performance matters'), post(2, 'perfect day')])
      expect(await found('perfor')).toEqual([1])
      expect(await found('perf')).toEqual([1, 2])
      expect(await found('perf day')).toEqual([])
    })

    test('exact words come before mistyped ones, then the newest first', async () => {
      await write([post(1, 'hallo world'), post(2, 'hello world'), post(3, 'hello world')])
      expect(await find('hello world')).toEqual([3, 2, 1])
      expect(await find('hello world', { skip: 1, limit: 1 })).toEqual([2])
    })

    test('author, kind, label and time narrow the search', async () => {
      await write([
        post(1, 'bitcoin', { ...by(B), tags: [{ label: label('money'), taggers: 1 }] }),
        post(2, 'bitcoin', { postKind: 'long' }),
        post(3, 'bitcoin', { atMs: 900 }),
      ])
      expect(await found('bitcoin', { author: B })).toEqual([1])
      expect(await found('bitcoin', { kind: 'long' })).toEqual([2])
      expect(await found('bitcoin', { tag: label('money') })).toEqual([1])
      expect(await found('bitcoin', { window: { fromMs: 2, toMs: 900 } })).toEqual([2])
    })

    test('a document replaces the one before and is gone when removed', async () => {
      await write([post(1, 'first version'), user(A, 'Alice', [['dev', 2]])])
      await write([post(1, 'second version')])
      expect(await found('first')).toEqual([])
      expect(await found('second')).toEqual([1])
      await write([user(A, 'Alina')], [post(1, '').key])
      expect(await found('version')).toEqual([])
      expect(await index.users({ namePrefix: 'alice' }, { limit: 5 })).toEqual([])
      expect(await index.labels('dev', { limit: 5 })).toEqual([])
      await write([], [A])
      expect(await index.users({ namePrefix: 'a' }, { limit: 5 })).toEqual([])
    })

    test('a batch at or below the position does nothing', async () => {
      await index.apply({ position: 7n, put: [post(1, 'kept')], remove: [] })
      await index.apply({ position: 7n, put: [post(2, 'kept')], remove: [] })
      await index.settled()
      expect(await index.position()).toBe(7n)
      expect(await found('kept')).toEqual([1])
    })

    test('people are found by the beginning of their name or key', async () => {
      await write([user(A, 'Zoë'), user(B, 'alice'), user(C, 'Al_%ice')])
      expect(await index.users({ namePrefix: 'AL' }, { limit: 5 })).toEqual([C, B])
      expect(await index.users({ namePrefix: 'al_%' }, { limit: 5 })).toEqual([C])
      expect(await index.users({ namePrefix: 'zoë' }, { limit: 5 })).toEqual([A])
      expect(await index.users({ namePrefix: '' }, { skip: 1, limit: 1 })).toEqual([B])
      expect(await index.users({ idPrefix: B.slice(0, 8) }, { limit: 5 })).toEqual([B])
      expect(await index.users({ idPrefix: '%' }, { limit: 5 })).toEqual([])
    })

    test('people are found by labels, by the sum of their taggers', async () => {
      await write([
        user(A, 'A', [
          ['dev', 2],
          ['art', 3],
        ]),
        user(B, 'B', [['dev', 4]]),
        user(C, 'C', [['dev', 4]]),
        post(1, 'x', { tags: [{ label: label('dev'), taggers: 99 }] }),
      ])
      const last = [B, C].sort().reverse()
      expect(await index.usersByTags([label('dev'), label('art')], { limit: 5 })).toEqual([
        { user: A, score: 5 },
        { user: last[0], score: 4 },
        { user: last[1], score: 4 },
      ])
      expect(await index.usersByTags([label('art')], { limit: 5 })).toEqual([{ user: A, score: 3 }])
    })

    test('labels are completed in the order of their bytes, those of posts and people once', async () => {
      await write([
        post(1, 'x', {
          tags: [
            { label: label('devs'), taggers: 1 },
            { label: label('dev'), taggers: 1 },
          ],
        }),
        user(A, 'A', [
          ['dev', 1],
          ['dé', 1],
          ['art', 1],
        ]),
      ])
      expect(await index.labels('d', { limit: 5 })).toEqual(['dev', 'devs', 'dé'])
      expect(await index.labels('d', { skip: 1, limit: 1 })).toEqual(['devs'])
      expect(await index.labels('_', { limit: 5 })).toEqual([])
    })

    test('no query breaks the search', async () => {
      await write([post(1, "it's a 'test' & more | less ! (really) \\ <-> :*")])
      await fc.assert(
        fc.asyncProperty(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), async (text) => {
          expect(Array.isArray(await index.posts({ text, limit: 3 }))).toBe(true)
        }),
        { numRuns: 40 },
      )
      expect(await found("it's 'test'")).toEqual([1])
    })
  })
}
