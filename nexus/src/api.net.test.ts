import {
  buildBlob,
  buildBookmark,
  buildFile,
  buildFollow,
  buildMute,
  buildPost,
  buildProfile,
  buildTag,
  createIdClock,
  type FileId,
  fileUri,
  type Post,
  type PostId,
  postUri,
  profileUri,
} from '@pubky/app-specs'
import {
  decodeProofHeader,
  nowMicros,
  PROOF_HEADER,
  type PublicKeyZ32,
  parseStrictPath,
  randomKeypair,
  verifyObjectProof,
} from '@pubky/protocol'
import type { Session } from '@pubky/sdk'
import { joinNetwork, startTestNetwork, type TestNetwork } from '@pubky/testkit/network'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

interface Person {
  key: PublicKeyZ32
  session: Session
}

const ids = createIdClock(nowMicros)
const stranger = randomKeypair().publicKey
let network: TestNetwork
let ann: Person
let bob: Person
let cem: Person
let root: PostId
let reply: PostId
let quote: PostId
let picture: FileId

async function signUp(name: string): Promise<Person> {
  const { key, session } = await joinNetwork(network, { capabilities: '/pub/:rw' })
  const person = { key, session }
  await write(person, buildProfile({ name, bio: `I am ${name}` }))
  return person
}

const write = (who: Person, o: { path: string; body: Uint8Array }) =>
  who.session.storage.put(o.path, o.body)

async function writePost(who: Person, draft: Partial<Post>): Promise<PostId> {
  const post = buildPost({ content: 'x', kind: 'short', ...draft }, ids())
  await write(who, post)
  return post.id
}

async function upload(
  who: Person,
  bytes: Uint8Array,
  name: string,
  contentType: string,
): Promise<FileId> {
  const blob = buildBlob(bytes)
  await write(who, blob)
  const src = `pubky://${who.key}${blob.path}`
  const meta = { name, src, contentType, size: bytes.length, createdAt: Number(nowMicros()) }
  const file = buildFile(meta, ids() as unknown as FileId)
  await write(who, file)
  return file.id
}

const url = (path: string) => `${network.nexus}${path}`
async function get(path: string): Promise<{ status: number; body: never }> {
  const response = await fetch(url(path))
  const text = await response.text()
  return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as never }
}
async function query(procedure: string, input: unknown): Promise<never> {
  const response = await fetch(
    url(`/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`),
  )
  const json = (await response.json()) as { result?: { data: never }; error?: { message: string } }
  if (json.error) throw new Error(json.error.message)
  return json.result?.data as never
}
const post = (path: string, body: unknown) =>
  fetch(url(path), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

beforeAll(async () => {
  network = await startTestNetwork({ nexus: true })
  ;[ann, bob, cem] = await Promise.all([signUp('Ann'), signUp('Bob'), signUp('Cem')])
  const png = await sharp({
    create: { width: 900, height: 600, channels: 3, background: '#c8ff00' },
  })
    .png()
    .toBuffer()
  picture = await upload(ann, png, 'green.png', 'image/png')
  root = await writePost(ann, {
    content: 'A lighthouse',
    kind: 'image',
    attachments: [fileUri(ann.key, picture)],
  })
  const uri = postUri({ author: ann.key, id: root })
  reply = await writePost(bob, { content: `Hello pubky${cem.key}`, parent: uri })
  quote = await writePost(cem, { content: 'Look', embed: { kind: 'short', uri } })
  await write(bob, buildTag(uri, 'sea', nowMicros()))
  await write(cem, buildTag(uri, 'sea', nowMicros()))
  await write(cem, buildTag(uri, 'tower', nowMicros()))
  await write(bob, buildTag(profileUri(ann.key), 'kind', nowMicros()))
  await write(bob, buildFollow(ann.key, nowMicros()))
  await write(ann, buildFollow(bob.key, nowMicros()))
  await write(bob, buildBookmark(uri, nowMicros()))
  await write(cem, buildMute(bob.key, nowMicros()))
  await vi.waitFor(
    async () => {
      const mutes: string[] = await query('user.mutes', { userId: cem.key })
      if (!mutes.includes(bob.key)) throw new Error('not indexed yet')
      // The graph gathers longer than the views.
      const reach = `source=wot&observer_id=${bob.key}&depth=1`
      const { body } = await get(`/v0/stream/posts/keys?${reach}`)
      if (!JSON.stringify(body).includes(root)) throw new Error('not in the graph yet')
    },
    { timeout: 240_000, interval: 50 },
  )
})
afterAll(() => network[Symbol.asyncDispose]())

describe('views', () => {
  it('show a post with exactly the members of the reference', async () => {
    const { status, body } = await get(`/v0/post/${ann.key}/${root}?viewer_id=${bob.key}`)
    expect(status).toBe(200)
    expect(body).toEqual({
      details: {
        content: 'A lighthouse',
        id: root,
        indexed_at: expect.any(Number),
        author: ann.key,
        kind: 'image',
        uri: postUri({ author: ann.key, id: root }),
        attachments: [fileUri(ann.key, picture)],
        lock: null,
      },
      counts: { tags: 3, unique_tags: 2, replies: 1, reposts: 1 },
      tags: [
        { label: 'sea', taggers: [bob.key, cem.key], taggers_count: 2, relationship: true },
        { label: 'tower', taggers: [cem.key], taggers_count: 1, relationship: false },
      ],
      relationships: { replied: null, reposted: null, mentioned: [] },
      bookmark: { id: expect.any(String), indexed_at: expect.any(Number) },
    })
  })

  it('show a person with exactly the members of the reference', async () => {
    const { body } = await get(`/v0/user/${ann.key}?viewer_id=${bob.key}`)
    expect(body).toEqual({
      details: {
        name: 'Ann',
        bio: 'I am Ann',
        id: ann.key,
        links: null,
        status: null,
        image: null,
        indexed_at: expect.any(Number),
      },
      counts: {
        tagged: 0,
        tags: 1,
        unique_tags: 1,
        posts: 1,
        replies: 0,
        collections: 0,
        following: 1,
        followers: 1,
        friends: 1,
        bookmarks: 0,
      },
      tags: [{ label: 'kind', taggers: [bob.key], taggers_count: 1, relationship: true }],
      relationship: { following: true, followed_by: true },
    })
  })

  it('name relations of replies, quotes and mentions', async () => {
    const uri = postUri({ author: ann.key, id: root })
    expect((await get(`/v0/post/${bob.key}/${reply}`)).body).toMatchObject({
      relationships: { replied: uri, reposted: null, mentioned: [cem.key] },
    })
    expect((await get(`/v0/post/${cem.key}/${quote}`)).body).toMatchObject({
      relationships: { reposted: uri },
    })
  })

  it('add metadata of attachments only when asked', async () => {
    const path = `/v0/post/${ann.key}/${root}`
    expect((await get(path)).body).not.toHaveProperty('attachments_metadata')
    const { body } = await get(`${path}?include_attachment_metadata=true`)
    const [file] = (body as { attachments_metadata: { urls: string }[] }).attachments_metadata
    expect(file).toMatchObject({
      id: picture,
      name: 'green.png',
      content_type: 'image/png',
      metadata: null,
    })
    expect(JSON.parse(file?.urls ?? '')).toEqual({
      main: `${ann.key}/${picture}/main`,
      feed: `${ann.key}/${picture}/feed`,
      small: `${ann.key}/${picture}/small`,
    })
  })
})

describe('streams', () => {
  const keys = async (parameters: string) =>
    ((await get(`/v0/stream/posts/keys?${parameters}`)).body as { post_keys: string[] }).post_keys
  const k = (who: Person, id: PostId) => `${who.key}:${id}`

  it('list roots of everybody, newest first, and replies only where replies are asked for', async () => {
    expect(await keys('')).toEqual([k(cem, quote), k(ann, root)])
    expect(await keys('order=ascending')).toEqual([k(ann, root), k(cem, quote)])
    expect(await keys(`source=post_replies&author_id=${ann.key}&post_id=${root}`)).toEqual([
      k(bob, reply),
    ])
    expect(await keys(`source=author_replies&author_id=${bob.key}`)).toEqual([k(bob, reply)])
    expect(await keys(`source=author&author_id=${bob.key}`)).toEqual([])
  })

  it('follow reach, bookmarks, tags, kinds and engagement', async () => {
    expect(await keys(`source=following&observer_id=${bob.key}`)).toEqual([k(ann, root)])
    expect(await keys(`source=friends&observer_id=${bob.key}`)).toEqual([k(ann, root)])
    expect(await keys(`source=followers&observer_id=${ann.key}`)).toEqual([])
    expect(await keys(`source=bookmarks&observer_id=${bob.key}`)).toEqual([k(ann, root)])
    expect(await keys('tags=tower,nothing')).toEqual([k(ann, root)])
    expect(await keys('kind=image')).toEqual([k(ann, root)])
    expect(await keys('exclude_kinds=image')).toEqual([k(cem, quote)])
    expect(await keys('sorting=total_engagement')).toEqual([k(ann, root), k(cem, quote)])
    expect(await keys(`source=wot&observer_id=${bob.key}&depth=1`)).toEqual([k(ann, root)])
  })

  it('page by score, and say the last one', async () => {
    const { body } = await get('/v0/stream/posts/keys?limit=1')
    const { last_post_score: last } = body as { last_post_score: number }
    expect(await keys(`limit=1&start=${last - 1}`)).toEqual([k(ann, root)])
    expect((await get('/v0/stream/posts/keys?start=1')).body).toEqual({
      post_keys: [],
      last_post_score: null,
    })
  })

  it('leave out muted authors, except where one asks for their posts', async () => {
    const replies = `source=post_replies&author_id=${ann.key}&post_id=${root}`
    expect(await keys(`${replies}&viewer_id=${cem.key}`)).toEqual([])
    expect(await keys(`source=author_replies&author_id=${bob.key}&viewer_id=${cem.key}`)).toEqual([
      k(bob, reply),
    ])
  })

  it('answer by ids in the order of the request, unknown ones left out', async () => {
    const response = await post('/v0/stream/posts/by_ids', {
      post_ids: [k(cem, quote), `${stranger}:${root}`, k(ann, root)],
    })
    const found = (await response.json()) as { details: { id: string } }[]
    expect(found.map(({ details }) => details.id)).toEqual([quote, root])
    const people = await post('/v0/stream/users/by_ids', { user_ids: [cem.key, stranger, ann.key] })
    expect(
      ((await people.json()) as { details: { id: string } }[]).map(({ details }) => details.id),
    ).toEqual([cem.key, ann.key])
  })
})

describe('notifications', () => {
  it('tell what others did, newest first, the type first, and nothing of muted people', async () => {
    const { body } = await get(`/v0/user/${ann.key}/notifications`)
    const types = (body as { body: { type: string } }[]).map((one) => one.body.type)
    expect(types.sort()).toEqual(
      ['follow', 'repost', 'reply', 'tag_post', 'tag_post', 'tag_post', 'tag_profile'].sort(),
    )
    expect(Object.keys((body as { body: object }[])[0]?.body ?? {})[0]).toBe('type')
    // Bob mentioned Cem, who has muted him since.
    expect(await query('notifications.list', { userId: cem.key })).toMatchObject({ items: [] })
  })

  it('page by an opaque cursor without gap or repetition', async () => {
    const seen: unknown[] = []
    let cursor: string | null = null
    do {
      const page: { items: unknown[]; cursor: string | null } = await query('notifications.list', {
        userId: ann.key,
        limit: 2,
        cursor,
      })
      seen.push(...page.items)
      cursor = page.cursor
    } while (cursor !== null)
    expect(seen).toEqual((await get(`/v0/user/${ann.key}/notifications`)).body)
  })
})

describe('tRPC', () => {
  it('pages posts by place, with everybody who appears and what is quoted', async () => {
    const first: {
      items: { proof: string; deleted: boolean }[]
      embedded: unknown[]
      users: unknown[]
      cursor: string
    } = await query('posts.stream', { source: 'all', limit: 1 })
    expect(first.items).toMatchObject([{ details: { id: quote }, proof: 'signed', deleted: false }])
    expect(first.embedded).toMatchObject([{ details: { id: root } }])
    expect(first.users).toHaveLength(2)
    const second: { items: unknown[]; cursor: string | null } = await query('posts.stream', {
      source: 'all',
      limit: 1,
      cursor: first.cursor,
    })
    expect(second).toMatchObject({ items: [{ details: { id: root } }], cursor: null })
  })

  it('shows a conversation', async () => {
    const thread: unknown = await query('post.thread', { authorId: bob.key, postId: reply })
    expect(thread).toMatchObject({
      ancestors: [{ details: { id: root } }],
      post: { details: { id: reply } },
      replies: { items: [] },
    })
  })

  it('refuses wrong input and starts anew with a cursor that is none', async () => {
    await expect(query('user.view', { userId: 'x' })).rejects.toThrow('not a public key')
    await expect(query('posts.stream', { source: 'x' })).rejects.toThrow()
    expect(await query('posts.stream', { source: 'all', cursor: 'x' })).toMatchObject({
      items: [{}, {}],
    })
  })

  it('tells an open page of a new post, with a short way back after a break', async () => {
    const stop = new AbortController()
    const input = encodeURIComponent(JSON.stringify({ source: 'all' }))
    const response = await fetch(url(`/trpc/live.subscribe?input=${input}`), {
      headers: { accept: 'text/event-stream' },
      signal: stop.signal,
    })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const until = async (what: string) => {
      while (!text.includes(what)) {
        const next = await reader?.read()
        if (!next || next.done) break
        text += next.value
      }
      return text
    }
    expect(await until('retry: 250')).toMatch(/^retry: 250\n\n/)
    await until('connected')
    const id = await writePost(bob, { content: 'News' })
    expect(await until(id)).toContain(`"type":"post"`)
    stop.abort()
    await bob.session.storage.delete(`/pub/pubky.app/posts/${id}`)
  })
})

describe('files', () => {
  const file = (variant: string) => `/static/files/${ann.key}/${picture}/${variant}`

  it('are served with a policy that lets them do nothing', async () => {
    const response = await fetch(url(file('main')))
    expect(response.headers.get('content-type')).toBe('image/png')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('content-security-policy')).toContain('sandbox')
    const html = await upload(
      bob,
      new TextEncoder().encode('<script>1</script>'),
      'x.html',
      'text/html',
    )
    const path = `/static/files/${bob.key}/${html}/main`
    await expect.poll(async () => (await fetch(url(path))).status).toBe(200)
    expect((await fetch(url(path))).headers.get('content-disposition')).toContain('attachment')
  })

  it('come smaller as WebP, and in parts', async () => {
    for (const [variant, width] of [
      ['small', 320],
      ['feed', 720],
    ] as const) {
      const response = await fetch(url(file(variant)))
      expect(response.headers.get('content-type')).toBe('image/webp')
      const image = await sharp(await response.arrayBuffer()).metadata()
      expect(image).toMatchObject({ format: 'webp', width })
    }
    const part = await fetch(url(file('main')), { headers: { range: 'bytes=0-7' } })
    expect(part.status).toBe(206)
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(
      new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]),
    )
    expect((await fetch(url(file('main')), { headers: { range: 'bytes=99999999-' } })).status).toBe(
      416,
    )
  })

  it('refuse what is unknown or cannot be', async () => {
    expect((await get(file('huge'))).status).toBe(400)
    expect((await get(`/static/files/${stranger}/${picture}/main`)).status).toBe(404)
    expect((await get(`/static/avatar/${ann.key}`)).status).toBe(404)
    expect(
      (await fetch(url(`/static/files/${ann.key}/${picture}`), { redirect: 'manual' })).status,
    ).toBe(308)
    const bomb = await upload(cem, new TextEncoder().encode('not an image'), 'x.png', 'image/png')
    const path = `/static/files/${cem.key}/${bomb}/small`
    await expect.poll(async () => (await fetch(url(path))).status).toBe(422)
  })

  it('as avatars are kept for ever once they are there, and a refusal is not', async () => {
    const dan = await signUp('Dan')
    const wear = (id: FileId, owner: Person) => {
      const image = `pubky://${owner.key}/pub/pubky.app/files/${id}`
      return write(dan, buildProfile({ name: 'Dan', image }))
    }
    const avatar = async () => {
      const response = await fetch(url(`/static/avatar/${dan.key}?v=1`))
      return `${response.status} ${response.headers.get('cache-control')}`
    }
    const bad = await upload(dan, new TextEncoder().encode('not an image'), 'x.png', 'image/png')
    await wear(bad, dan)
    await expect.poll(avatar).toBe('422 public, max-age=3600')
    await wear(picture, ann)
    await expect.poll(avatar).toBe('200 public, max-age=31536000, immutable')
  })
})

describe('objects', () => {
  it('come as the exact bytes that were signed, with a proof anyone can check', async () => {
    const path = parseStrictPath(`/pub/pubky.app/posts/${root}`)
    const response = await fetch(url(`/v0/object/${ann.key}${path}`))
    const body = new Uint8Array(await response.arrayBuffer())
    const proof = decodeProofHeader(response.headers.get(PROOF_HEADER) ?? '')
    const { blake3 } = await import('@pubky/protocol')
    const hash = await blake3(body)
    await expect(
      verifyObjectProof(proof, { owner: ann.key, action: 'PUT', path, hash }),
    ).resolves.toMatchObject({ action: 'PUT' })
    expect(response.headers.get('pubky-verdict')).toBe('signed')
    expect(JSON.parse(new TextDecoder().decode(body))).toMatchObject({ content: 'A lighthouse' })
    expect((await fetch(url(`/v0/object/${ann.key}/pub/pubky.app/posts/none`))).status).toBe(404)
    expect((await fetch(url(`/v0/object/${ann.key}/pub/%2e%2e/x`))).status).toBeGreaterThanOrEqual(
      400,
    )
  })
})

describe('refusals', () => {
  it.each([
    ['/v0/user/x', 400, /^Invalid input: /],
    ['/v0/post/x/y', 400, /^Invalid input: /],
    [
      '/v0/stream/posts?source=following',
      400,
      /^Invalid input: source 'following' requires 'observer_id' parameter$/,
    ],
    ['/v0/stream/posts?source=nowhere', 400, /^Invalid input: /],
    ['/v0/stream/posts?limit=0', 400, /limit must be at least 1$/],
    ['/v0/stream/posts?limit=51', 400, /limit exceeds maximum of 50$/],
    ['/v0/stream/posts?skip=10001', 400, /skip exceeds maximum of 10000$/],
    ['/v0/stream/posts?limit=1&limit=2', 400, /^Invalid input: /],
    ['/v0/stream/posts?kind=image&exclude_kinds=long', 400, /mutually exclusive$/],
    ['/v0/stream/posts?kind=poll', 400, /^Invalid input: /],
    ['/v0/stream/posts?tags=a,b,c,d,e,f', 400, /Maximum 5 items allowed$/],
    [
      '/v0/stream/posts?source=collection&order=ascending',
      400,
      /`order` is not supported with `source=collection`$/,
    ],
    [
      '/v0/stream/users?source=recommended',
      400,
      /user_id query param must be provided for source 'recommended'$/,
    ],
    ['/v0/tags/hot?reach=friends', 400, /user_id and reach should be both provided together$/],
    ['/v0/search/users/by_id/ab', 400, /ID prefix must be at least 3 chars$/],
    ['/v0/search/posts/by_content?q=a', 400, /^Invalid input: /],
    ['/v0/files/file/x', 400, /^Invalid input: /],
  ])('%s is %i', async (path, status, message) => {
    expect(await get(path)).toEqual({
      status,
      body: { error: expect.stringMatching(message), code: 'invalid_input' },
    })
  })

  it('tell what is not there', async () => {
    expect(await get(`/v0/user/${stranger}`)).toMatchObject({
      status: 404,
      body: { error: `User not found: ${stranger}` },
    })
    expect(await get(`/v0/post/${ann.key}/${reply}`)).toMatchObject({
      status: 404,
      body: { error: `Post not found: ${ann.key} ${reply}` },
    })
    expect(await get(`/v0/post/${ann.key}/${root}/bookmark`)).toMatchObject({ status: 404 })
    expect(await get(`/v0/user/${stranger}/taggers/x`)).toEqual({
      status: 200,
      body: { users: [], relationship: false },
    })
  })

  it('ignore unknown parameters, answer HEAD, and let any page read without credentials', async () => {
    expect((await get('/v0/stream/posts?colour=red')).status).toBe(200)
    const head = await fetch(url('/v0/info'), {
      method: 'HEAD',
      headers: { origin: 'https://example.org' },
    })
    expect(head.status).toBe(200)
    expect(head.headers.get('access-control-allow-origin')).toBe('*')
    expect(head.headers.get('access-control-allow-credentials')).toBeNull()
    const missing = await fetch(url('/v1'))
    expect([missing.status, await missing.text()]).toEqual([404, ''])
  })

  it('bound and parse bodies', async () => {
    expect((await post('/v0/stream/posts/by_ids', { post_ids: [] })).status).toBe(400)
    expect(
      (await post('/v0/stream/posts/by_ids', { post_ids: Array(101).fill(`${ann.key}:${root}`) }))
        .status,
    ).toBe(400)
    expect((await post('/v0/files/by_ids', { uris: 'x' })).status).toBe(400)
    const broken = await fetch(url('/v0/files/by_ids'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    })
    expect(broken.status).toBe(400)
    const large = await post('/v0/files/by_ids', { uris: ['x'.repeat(1_100_000)] })
    expect(large.status).toBe(413)
  })
})

describe('bootstrap', () => {
  it('fills a first screen, for people who are known and for those who are not', async () => {
    const known = (await get(`/v0/bootstrap/${bob.key}`)).body as {
      ids: { stream: string[] }
      indexed: boolean
      files: unknown[]
    }
    expect(known).toMatchObject({ indexed: true, files: [{ id: picture }] })
    expect(known.ids.stream).toContain(`${ann.key}:${root}`)
    const unknown = (await get(`/v0/bootstrap/${stranger}`)).body
    expect(unknown).toMatchObject({ indexed: false, notifications: [], ids: { recommended: [] } })
  })
})
