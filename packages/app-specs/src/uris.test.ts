import { toMicros } from '@pubky/protocol/brands'
import { parsePublicKey } from '@pubky/protocol/keys'
import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import {
  articleContent,
  buildBookmark,
  buildFollow,
  buildPost,
  buildProfile,
  buildTag,
  parseArticle,
} from './build.ts'
import { mentionsIn } from './mentions.ts'
import { parseObject } from './parse.ts'
import { postUri } from './paths.ts'
import { parsePostKey, postKeyText } from './post-key.ts'
import type { PostId } from './types.ts'
import { classifyTarget, parseAppUri } from './uris.ts'

const PK = parsePublicKey('operrr8wsbpr3ue9d4qj41ge1kcc6r7fdiy6o3ugjrrhi4y77rdo')
const ID = '0032SSN7Q4EVG' as PostId

describe('addresses', () => {
  it.each([
    [`pubky://${PK}/pub/pubky.app/posts/${ID}`, ID],
    [`pubky://${PK}/pub/pubky.app/posts/A/B`, 'A'],
    [`pubky://${PK}/pub/pubky.app/posts/A?x=1#f`, 'A'],
    [`pubky://${PK}/pub/pubky.app/posts/%41`, '%41'],
    [`pubky://user:pw@${PK}:99/pub/pubky.app/posts/A`, 'A'],
    [`PUBKY://${PK}/pub/pubky.app/posts/A`, 'A'],
    [` pubky://${PK}/pub/pubky.app/posts/A `, 'A'],
    [`pubky://${PK}/pub/pubky.app/../pubky.app/posts/A`, 'A'],
  ])('%s is a post', (uri, id) => {
    expect(parseAppUri(uri)).toEqual({ owner: PK, ref: { kind: 'post', id } })
  })

  it.each(['', '/', '/posts', '/posts/', '/settings.json', '/what/T', '/bookmarks/'])(
    'nothing known lies at %j',
    (rest) => {
      expect(parseAppUri(`pubky://${PK}/pub/pubky.app${rest}`)).toEqual({ owner: PK, ref: null })
    },
  )

  it.each([
    [`pubky://${PK}/pub/`, 'Expected app path'],
    [`pubky://${PK}`, 'Cannot parse path segments'],
    [`pubky://${PK}/pub/other.app/posts/X`, 'Expected app path'],
    [`pubky://${PK}/pub//pubky.app/posts/A`, 'Expected app path'],
    [`pubky:${PK}/pub/pubky.app/posts/A`, 'Missing user ID'],
    [`pubky${PK}/pub/pubky.app/posts/A`, 'Invalid URL'],
    [`https://${PK}/pub/pubky.app/posts/A`, "must start with 'pubky://'"],
    [`pubky://${PK.toUpperCase()}/pub/pubky.app/posts/A`, 'invalid public key encoding'],
    [`pubky://${PK}/pub/pubky.app/follows/abc`, 'not 52 utf chars'],
  ])('%s is refused: %s', (uri, reason) => {
    expect(() => parseAppUri(uri)).toThrow(reason)
  })

  it('names posts by author and id', () => {
    const key = { author: PK, id: ID }
    expect(parsePostKey(postKeyText(key))).toEqual(key)
    for (const text of ['', PK, `${PK}:`, `${PK}:x`, `${PK}-${ID}`, `x${PK}:${ID}`])
      expect(() => parsePostKey(text)).toThrow('not a post key')
  })
})

describe('targets', () => {
  it('knows posts and profiles', () => {
    const uri = postUri({ author: PK, id: ID })
    expect(classifyTarget(`${uri}?x`)).toEqual({ kind: 'post', key: { author: PK, id: ID }, uri })
    expect(classifyTarget(`pubky://${PK}/pub/pubky.app/profile.json`)).toMatchObject({
      kind: 'profile',
      user: PK,
    })
  })

  it.each([
    [
      'HTTPS://Example.COM:443/path?q=1#frag',
      'https://example.com/path?q=1',
      '2397d03755c83364010ee03600730121',
    ],
    ['https://example.com', 'https://example.com/', '19f876713c227a568d939946496a0d30'],
    ['nostr:note1abc123...', 'nostr:note1abc123...', '3252f05dba228a84b22ce7c3136fc152'],
  ])('%s is the resource %s', (text, uri, id) => {
    expect(classifyTarget(text)).toEqual({ kind: 'resource', uri, id })
  })

  it('drops user-info, and refuses what is no address', () => {
    expect(classifyTarget('https://user:pass@example.com/path')).toMatchObject({
      uri: 'https://example.com/path',
    })
    for (const text of ['justtext', '1ttp://x', 'ht tps://x'])
      expect(classifyTarget(text)).toBeNull()
  })

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          fc.string().map((s) => `pubky://${s}`),
        ),
        (text) => {
          classifyTarget(text)
        },
      ),
    )
  })
})

describe('mentions', () => {
  it('finds both prefixes, each person once, and no address', () => {
    expect(mentionsIn(`hi pubky${PK} and pk:${PK}, see pubky://${PK}/pub`)).toEqual([PK])
    expect(mentionsIn(`pubky://${PK} pk:${'y'.repeat(51)} pubky${PK.toUpperCase()}`)).toEqual([])
    expect(mentionsIn(`pubkypubky${PK}`)).toEqual([PK])
  })
})

describe('builders', () => {
  const now = toMicros(1_738_219_028_291_000n)

  it('write what the reader reads', () => {
    for (const object of [
      buildProfile({ name: ' Alice ', links: [{ title: 'a', url: 'https://a.b' }] }),
      buildPost({ content: 'hello', kind: 'short', parent: postUri({ author: PK, id: ID }) }, ID),
      buildTag(postUri({ author: PK, id: ID }), ' Cool ', now),
      buildBookmark(postUri({ author: PK, id: ID }), now),
      buildFollow(PK, now),
    ])
      expect(parseObject(object.path, object.body)).toMatchObject({ value: object.value })
  })

  it('write members in the field’s order, and no lock where there is none', () => {
    const { body } = buildPost({ content: 'hello', kind: 'long' }, ID)
    expect(new TextDecoder().decode(body)).toBe(
      '{"content":"hello","kind":"long","parent":null,"embed":null,"attachments":null}',
    )
  })

  it('keep to what older readers take: four attachments', () => {
    const draft = {
      content: '',
      kind: 'image' as const,
      attachments: Array<string>(5).fill('https://a.b/'),
    }
    expect(() => buildPost(draft, ID)).toThrow('Too many attachments (max: 4)')
  })

  it('put articles into compact JSON and read any long text', () => {
    expect(parseArticle(articleContent('T', 'B'))).toEqual({ title: 'T', body: 'B' })
    expect(parseArticle('just text')).toEqual({ title: '', body: 'just text' })
  })
})
