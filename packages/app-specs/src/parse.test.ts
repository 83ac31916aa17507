import { type StoragePath, toMicros } from '@pubky/protocol/brands'
import { fromHex, utf8 } from '@pubky/protocol/bytes'
import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import { SpecsError } from './errors.ts'
import { type AppObject, parseObject } from './parse.ts'
import { APP_ROOT } from './paths.ts'

const PK = 'operrr8wsbpr3ue9d4qj41ge1kcc6r7fdiy6o3ugjrrhi4y77rdo'
const POST = `pubky://${PK}/pub/pubky.app/posts/0032SSN7Q4EVG`
const NOW = toMicros(1_767_225_600_000_000n)

function at(name: string, value: unknown): AppObject {
  const body = value instanceof Uint8Array ? value : utf8(JSON.stringify(value))
  return parseObject(`${APP_ROOT}${name}` as StoragePath, body, NOW)
}

function value(name: string, json: unknown): unknown {
  const object = at(name, json)
  return 'value' in object ? object.value : null
}

function refusal(
  name: string,
  json: unknown,
): { code: string; field: string | null; message: string } {
  try {
    at(name, json)
  } catch (error) {
    if (error instanceof SpecsError)
      return { code: error.code, field: error.field, message: error.message }
    throw error
  }
  throw new Error('was accepted')
}

const post = (json: object) =>
  value('posts/0032SSN7Q4EVG', { content: 'x', kind: 'short', ...json })
const postRefusal = (json: object) =>
  refusal('posts/0032SSN7Q4EVG', { content: 'x', kind: 'short', ...json })

describe('profile', () => {
  const empty = { bio: null, image: null, links: null, status: null }

  it('needs a name only', () => {
    expect(value('profile.json', { name: 'Alice' })).toEqual({ name: 'Alice', ...empty })
    const nulls = { name: '🚀🚀🚀', ...empty, extra: 1 }
    expect(value('profile.json', nulls)).toEqual({ name: '🚀🚀🚀', ...empty })
  })

  it('trims texts and serialises addresses', () => {
    const raw = {
      name: '  Satoshi  ',
      bio: ' Peer-to-peer. ',
      image: `pubky://${PK}/pub/pubky.app/files/0034A0X7NJ52G`,
      links: [{ title: ' site ', url: 'https://Example.com' }],
      status: 'busy',
    }
    expect(value('profile.json', raw)).toEqual({
      ...raw,
      name: 'Satoshi',
      bio: 'Peer-to-peer.',
      links: [{ title: 'site', url: 'https://example.com/' }],
    })
  })

  it('calls nobody deleted', () => {
    expect(value('profile.json', { name: ' [DELETED] ' })).toEqual({ name: 'anonymous', ...empty })
  })

  it('counts scalars: fifty emoji are a name, fifty-one are not', () => {
    expect(value('profile.json', { name: '🚀'.repeat(50) })).toBeTruthy()
    expect(refusal('profile.json', { name: '🚀'.repeat(51) })).toMatchObject({ field: 'name' })
  })

  it.each([
    [{ name: 'Al' }, 'name', 'Validation Error: Invalid name length'],
    [{ name: 'A'.repeat(51) }, 'name', 'Validation Error: Invalid name length'],
    [
      { name: 'Alice', bio: 'b'.repeat(161) },
      'bio',
      'Validation Error: Bio exceeds maximum length',
    ],
    [{ name: 'Alice', image: '' }, 'image', 'Validation Error: Image URI cannot be empty'],
    [{ name: 'Alice', image: 'not a url' }, 'image', 'Validation Error: Invalid image URI format'],
    [
      { name: 'Alice', image: `https://a.b/${'x'.repeat(300)}` },
      'image',
      'Validation Error: Image URI exceeds maximum length',
    ],
    [
      { name: 'Alice', links: Array(6).fill({ title: 't', url: 'https://a.b' }) },
      'links',
      'Validation Error: Too many links',
    ],
    [
      { name: 'Alice', links: [{ title: '', url: 'https://a.b' }] },
      'links.0.title',
      'Validation Error: Link title cannot be empty',
    ],
    [
      { name: 'Alice', links: [{ title: 't'.repeat(101), url: 'https://a.b' }] },
      'links.0.title',
      'Validation Error: Link title exceeds maximum length',
    ],
    [
      { name: 'Alice', links: [{ title: 't', url: 'nope' }] },
      'links.0.url',
      'Validation Error: Invalid URL format',
    ],
    [
      { name: 'Alice', status: 's'.repeat(51) },
      'status',
      'Validation Error: Status exceeds maximum length',
    ],
  ])('refuses %j by %s', (json, field, message) => {
    expect(refusal('profile.json', json)).toMatchObject({ field, message })
  })

  it('names a member that is missing or has another type', () => {
    expect(refusal('profile.json', { bio: 'x' })).toMatchObject({
      code: 'invalid_shape',
      field: 'name',
    })
    expect(
      refusal('profile.json', { name: 'Alice', links: [{ title: 1, url: 'x' }] }),
    ).toMatchObject({
      code: 'invalid_shape',
      field: 'links.0.title',
    })
  })
})

describe('post', () => {
  it('is text, a repost, a reply or pictures', () => {
    expect(post({ content: ' Hello World! ' })).toMatchObject({
      content: 'Hello World!',
      kind: 'short',
    })
    expect(post({ content: '', embed: { kind: 'short', uri: POST } })).toMatchObject({
      embed: { kind: 'short', uri: POST },
    })
    expect(post({ parent: POST })).toMatchObject({ parent: POST })
    const file = `pubky://${PK}/pub/pubky.app/files/0034A0X7NJ52G`
    expect(post({ content: '', kind: 'image', attachments: [` ${file} `] })).toMatchObject({
      attachments: [file],
    })
    expect(post({ content: '', attachments: [] })).toMatchObject({ content: '' })
  })

  it.each([
    [{ content: '  ' }, 'content', 'empty'],
    [{ content: '[DELETED]' }, 'content', 'deleted_keyword'],
    [{ kind: 'poll' }, 'kind', 'unknown_kind'],
    [{ kind: 'Short' }, 'kind', 'unknown_kind'],
    [{ embed: { kind: 'poll', uri: POST } }, 'embed.kind', 'unknown_kind'],
    [{ content: 'x'.repeat(2001) }, 'content', 'too_long'],
    [{ content: 'x'.repeat(2001), kind: 'image' }, 'content', 'too_long'],
    [{ content: 'x'.repeat(50_001), kind: 'long' }, 'content', 'too_long'],
    [{ parent: 'invalid uri' }, 'parent', 'invalid_url'],
    [{ embed: { kind: 'short', uri: 'nope' } }, 'embed.uri', 'invalid_url'],
    [{ attachments: Array(11).fill('https://a.b/') }, 'attachments', 'too_many'],
    [{ attachments: ['https://a.b/', ' '] }, 'attachments.1', 'empty'],
    [{ attachments: [`https://a.b/${'x'.repeat(200)}`] }, 'attachments.0', 'too_long'],
    [{ attachments: ['nope'] }, 'attachments.0', 'invalid_url'],
    [{ attachments: ['ftp://a.b/c'] }, 'attachments.0', 'invalid_protocol'],
    [{ lock: 'https://a.b/' }, 'lock', 'invalid_url'],
    [{ kind: undefined }, 'kind', 'invalid_shape'],
  ])('refuses %j by %s with %s', (json, field, code) => {
    expect(postRefusal(json)).toMatchObject({ field, code })
  })

  it('takes 2,000 characters as short, 50,000 as long, and tells the limit beyond', () => {
    expect(post({ content: '🚀'.repeat(2000) })).toBeTruthy()
    expect(post({ content: 'x'.repeat(50_000), kind: 'long' })).toBeTruthy()
    expect(postRefusal({ content: 'x'.repeat(2001) }).message).toBe(
      'Validation Error: Post content exceeds maximum length for Short kind (max: 2000 characters)',
    )
  })

  it.each(['pubky://x/y', 'http://a.b/', 'https://a.b/'])('takes the attachment %s', (uri) => {
    expect(post({ attachments: [uri] })).toBeTruthy()
  })

  it('keeps a lock on somebody’s homeserver', () => {
    const lock = `pubky://${PK}/pub/app.locks/0032SSN7Q4EVG.json`
    expect(post({ lock })).toMatchObject({ lock })
  })

  it('trims a megabyte of inner white space in linear time', () => {
    expect(postRefusal({ content: `x${' '.repeat(900_000)}x` })).toMatchObject({ code: 'too_long' })
  })
})

describe('collection', () => {
  const collection = (envelope: unknown, extra: object = {}) => ({
    kind: 'collection',
    content: typeof envelope === 'string' ? envelope : JSON.stringify(envelope),
    ...extra,
  })

  it.each([
    [{ name: 'Photos', items: [] }],
    [{ name: ' x ' }],
    [{ name: 'x'.repeat(100), description: 'd'.repeat(500), layout: 'mosaic', future: 1 }],
    [
      {
        name: 'Photos',
        description: '',
        items: Array(100).fill(POST),
        cover_image: 'https://e.com/c',
      },
    ],
    [{ name: 'x', cover_image: POST }],
  ])('accepts %j', (envelope) => {
    expect(post(collection(envelope))).toMatchObject({ kind: 'collection' })
  })

  it.each([
    ['{', 'content'],
    [{}, 'content'],
    [{ name: '   ' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ name: 'x', description: 'd'.repeat(501) }, 'description'],
    [{ name: 'x', cover_image: 'ftp://a/b' }, 'cover_image'],
    [{ name: 'x', cover_image: 'nope' }, 'cover_image'],
    [{ name: 'x', items: Array(101).fill(POST) }, 'items'],
    [{ name: 'x', items: [POST, `${POST}?x=1`] }, 'items.1'],
    [{ name: 'x', items: [`${POST}#f`] }, 'items.0'],
    [{ name: 'x', items: [`${POST}/`] }, 'items.0'],
    [{ name: 'x', items: [`${POST}/B`] }, 'items.0'],
    [{ name: 'x', items: [`pubky://u@${PK}/pub/pubky.app/posts/0032SSN7Q4EVG`] }, 'items.0'],
    [{ name: 'x', items: [`pubky://${PK}/pub/pubky.app/posts/`] }, 'items.0'],
    [{ name: 'x', items: [`pubky://${PK}/pub/pubky.app/x/../posts/0032SSN7Q4EVG`] }, 'items.0'],
    [{ name: 'x', items: [`pubky://${PK}/pub/pubky.app/profile.json`] }, 'items.0'],
  ])('refuses %j by %s', (envelope, field) => {
    expect(postRefusal(collection(envelope))).toMatchObject({ field })
  })

  it('stands alone: no parent, embed or attachments', () => {
    const envelope = { name: 'x' }
    expect(postRefusal(collection(envelope, { parent: POST }))).toMatchObject({ field: 'parent' })
    expect(postRefusal(collection(envelope, { attachments: [] }))).toMatchObject({
      field: 'attachments',
    })
  })
})

describe('tag', () => {
  const tag = { uri: POST, label: 'cool', created_at: 1_738_219_028_291_000 }

  it('lies under the hash of target and label', () => {
    expect(value('tags/86805FC1CSFZD4W6HZ09S24QWG', tag)).toEqual({
      uri: POST,
      label: 'cool',
      createdAt: tag.created_at,
    })
    const web = { uri: 'HTTPS://Example.com', label: ' WEB ', created_at: 1 }
    expect(value('tags/JREHRHWAX5NRHP714CYSZPHT00', web)).toMatchObject({
      uri: 'https://example.com/',
      label: 'web',
    })
    expect(refusal('tags/86805fc1csfzd4w6hz09s24qwg', tag)).toEqual({
      code: 'invalid_id',
      field: 'id',
      message: 'Invalid ID: expected 86805FC1CSFZD4W6HZ09S24QWG, found 86805fc1csfzd4w6hz09s24qwg',
    })
  })

  it.each([[{ created_at: undefined }], [{ created_at: '1' }], [{ created_at: 1.5 }]])(
    'refuses %j as time',
    (json) => {
      expect(refusal('tags/86805FC1CSFZD4W6HZ09S24QWG', { ...tag, ...json })).toMatchObject({
        code: 'invalid_shape',
        field: 'created_at',
      })
    },
  )

  it('is read in the folder of any app', () => {
    const object = parseObject(
      '/pub/mapky.app/tags/86805FC1CSFZD4W6HZ09S24QWG' as StoragePath,
      utf8(JSON.stringify(tag)),
      NOW,
    )
    expect(object).toMatchObject({ kind: 'tag', app: 'mapky.app' })
  })
})

describe('bookmark, follow, mute and last read', () => {
  it('keeps a bookmark’s address as it stands', () => {
    const json = { uri: POST, created_at: 1 }
    expect(value('bookmarks/8Z8CWH8NVYQY39ZEBFGKQWWEKG', json)).toEqual({ uri: POST, createdAt: 1 })
    expect(
      value('bookmarks/VNE1ZK7H5TVZ3VXNWZA1T3SQ78', { uri: 'https://Example.com', created_at: 1 }),
    ).toMatchObject({ uri: 'https://Example.com' })
    expect(refusal('bookmarks/8z8cwh8nvyqy39zebfgkqwwekg', json)).toMatchObject({
      code: 'invalid_id',
    })
    expect(refusal('bookmarks/8Z8CWH8NVYQY39ZEBFGKQWWEKG', { uri: POST })).toMatchObject({
      field: 'created_at',
    })
  })

  it('reads whom from the path', () => {
    expect(at(`follows/${PK}`, { created_at: 1 })).toMatchObject({ kind: 'follow', target: PK })
    expect(at(`mutes/${PK}`, { created_at: -5, note: 'x' })).toMatchObject({
      kind: 'mute',
      target: PK,
    })
    expect(refusal(`follows/pubky${PK}`, { created_at: 1 }).message).toContain('not 52 utf chars')
    expect(refusal(`follows/0${PK.slice(1)}`, { created_at: 1 }).message).toContain('encoding')
    expect(refusal(`follows/${PK}`, {})).toMatchObject({ field: 'created_at' })
  })

  it('wants a positive time of reading', () => {
    expect(value('last_read', { timestamp: 1 })).toEqual({ timestamp: 1 })
    for (const timestamp of [0, -1])
      expect(refusal('last_read', { timestamp })).toMatchObject({ code: 'out_of_range' })
    expect(refusal('last_read', {})).toMatchObject({ code: 'invalid_shape' })
  })
})

describe('file and blob', () => {
  const file = {
    name: 'a.png',
    created_at: 1_738_219_028_291_000,
    src: `pubky://${PK}/pub/pubky.app/blobs/PZBQ010FF079VVZPQG1RNFN6DR`,
    content_type: 'image/png',
    size: 1024,
  }
  const name = 'files/0034A0X7NJ52G'

  it('takes known media types, with parameters and in any case', () => {
    for (const content_type of ['image/png', 'IMAGE/PNG', 'text/plain; charset=utf-8'])
      expect(value(name, { ...file, content_type })).toMatchObject({ contentType: content_type })
    const other = { ...file, name: ' r.txt ', src: 'https://example.com/r.txt', size: 104_857_600 }
    expect(value(name, other)).toMatchObject({ name: 'r.txt', src: 'https://example.com/r.txt' })
  })

  it.each([
    [{ size: 0 }, 'size', 'empty'],
    [{ size: 104_857_601 }, 'size', 'too_large'],
    [{ size: -1 }, 'size', 'invalid_shape'],
    [{ content_type: 'application/x-msdownload' }, 'content_type', 'invalid_content_type'],
    [{ content_type: 'video/webm' }, 'content_type', 'invalid_content_type'],
    [{ content_type: 'png' }, 'content_type', 'invalid_content_type'],
    [{ src: 'nope' }, 'src', 'invalid_url'],
    [{ src: '' }, 'src', 'invalid_url'],
    [{ name: '' }, 'name', 'too_short'],
    [{ name: 'n'.repeat(256) }, 'name', 'too_long'],
  ])('refuses %j by %s with %s', (json, field, code) => {
    expect(refusal(name, { ...file, ...json })).toMatchObject({ field, code })
  })

  it('stores a blob under the hash of its bytes', () => {
    expect(at('blobs/PZBQ010FF079VVZPQG1RNFN6DR', fromHex('0102'))).toMatchObject({
      kind: 'blob',
      size: 2,
    })
    expect(at('blobs/0EVZ6RBPRW3XQAM4BNJ7YJEY44', utf8('Hello, Pubky!'))).toBeTruthy()
    expect(refusal('blobs/PZBQ010FF079VVZPQG1RNFN6DR', fromHex('0103'))).toMatchObject({
      code: 'invalid_id',
    })
    expect(refusal('blobs/NW9MKEFNZ6GTD8209QN3DQ6994', new Uint8Array())).toMatchObject({
      code: 'empty',
    })
  })
})

describe('feed', () => {
  const config = {
    tags: ['bitcoin', 'rust'],
    reach: 'all',
    layout: 'columns',
    sort: 'recent',
    content: null,
  }
  const feed = { feed: config, name: 'My feed', created_at: 1 }

  it.each([
    ['S560ZKX8SZKPDPFB7RXN3W4ASW', config],
    [
      '0DXK594T9QTPZK7739DWDHFSSW',
      { ...config, tags: ['bitcoin', 'p2p'], layout: 'wide', sort: 'popularity', content: 'image' },
    ],
    [
      '2TWQY7XT4WKDFSPP72TXW32E7M',
      { reach: 'friends', layout: 'visual', sort: 'recent', content: 'short' },
    ],
    ['9FJ6W0GNDJNP03WNRVTEXYVGAG', { ...config, tags: [' 日本語', 'Ñandú', ''] }],
    [
      'V1RXETXB168DE5TFNX13KCJD8R',
      { reach: 'all', layout: 'list', sort: 'recent', content: 'collection' },
    ],
    [
      'QSZJAPFYPP8DV5AHD6BNHSMYPG',
      { tags: null, reach: 'all', layout: 'list', sort: 'popularity' },
    ],
    [
      'Q9W2EJGT6M41NKQ4DA7AQYGADM',
      {
        tags: ['rust'],
        domain_tags: ['dev'],
        reach: 'wot',
        layout: 'columns',
        sort: 'recent',
        content: 'short',
      },
    ],
  ])('%s is the id of its configuration', (id, inner) => {
    expect(at(`feeds/${id}`, { ...feed, feed: inner })).toMatchObject({ kind: 'feed', id })
  })

  it.each([
    [{ name: ' ' }, 'name'],
    [{ icon: 'no icon' }, 'icon'],
    [{ feed: { ...config, reach: 'everyone' } }, 'feed.reach'],
    [{ feed: { ...config, layout: 'grid' } }, 'feed.layout'],
  ])('refuses %j by %s', (json, field) => {
    expect(refusal('feeds/S560ZKX8SZKPDPFB7RXN3W4ASW', { ...feed, ...json })).toMatchObject({
      field,
    })
  })
})

describe('settings', () => {
  it('fills in defaults and keeps members it does not know', () => {
    expect(value('settings.json', { privacy: { requirePin: true }, theme: 'x' })).toMatchObject({
      notifications: { follow: true, postEdited: true },
      privacy: { showConfirm: true, requirePin: true, hideSearch: false },
      language: 'en',
      rest: { theme: 'x' },
    })
  })
})

describe('anything else', () => {
  it('is refused by a stable code and never crashes', () => {
    const names = [
      'profile.json',
      'posts/0032SSN7Q4EVG',
      `follows/${PK}`,
      'last_read',
      'settings.json',
      'tags/86805FC1CSFZD4W6HZ09S24QWG',
      'bookmarks/8Z8CWH8NVYQY39ZEBFGKQWWEKG',
      'files/0034A0X7NJ52G',
      'feeds/S560ZKX8SZKPDPFB7RXN3W4ASW',
      'what/T',
      'posts/A/B',
      '',
    ]
    const body = fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.json().map(utf8))
    fc.assert(
      fc.property(fc.constantFrom(...names), body, (name, bytes) => {
        try {
          at(name, bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(SpecsError)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('refuses a byte-order mark, a lone surrogate, broken UTF-8 and endless nesting', () => {
    const name = '{"name":"Alice"}'
    for (const bytes of [
      utf8(`\uFEFF${name}`),
      utf8('{"name":"\\ud800xxx"}'),
      fromHex('ff'),
      utf8('['.repeat(900_000)),
    ])
      expect(refusal('profile.json', bytes)).toMatchObject({ code: 'invalid_json' })
  })

  it('shows U+0000 as the replacement character', () => {
    expect(value('profile.json', { name: 'Al\0ce' })).toMatchObject({ name: 'Al\uFFFDce' })
  })
})
