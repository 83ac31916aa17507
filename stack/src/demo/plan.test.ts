import {
  type AppObject,
  classifyTarget,
  hashId,
  mentionsIn,
  parseArticle,
  parseObject,
} from '@pubky/app-specs'
import { toMicros } from '@pubky/protocol'
import { describe, expect, it } from 'vitest'
import { readCommunity, readPicture } from './community.ts'
import { planDemo } from './plan.ts'
import { demoKeypair } from './seed.ts'

const community = await readCommunity()
const names = [
  ...community.people.map(({ avatar }) => avatar),
  ...community.posts.flatMap(({ pictures = [] }) => pictures),
]
const pictures = new Map(
  await Promise.all(names.map(async (name) => [name, await readPicture(name)] as const)),
)
const key = (handle: string) => demoKeypair(handle).publicKey
const anchor = 1_790_000_000_000_000n
const plan = () => planDemo({ community, pictures, key, anchor })
const operations = plan()
const objects = operations.map(({ author, path, body }) => ({
  author,
  uri: `pubky://${key(author)}${path}`,
  object: parseObject(path, body, toMicros(anchor)),
}))
const ofKind = <K extends AppObject['kind']>(kind: K) =>
  objects.filter(
    (found): found is typeof found & { object: Extract<AppObject, { kind: K }> } =>
      found.object.kind === kind,
  )

describe('the demo community', () => {
  it('holds everything that its file says, once', () => {
    expect(ofKind('profile')).toHaveLength(community.people.length)
    expect(ofKind('post')).toHaveLength(community.posts.length)
    expect(ofKind('follow')).toHaveLength(Object.values(community.follows).flat().length)
    expect(ofKind('bookmark')).toHaveLength(Object.values(community.bookmarks).flat().length)
    const labels = [
      ...community.posts.map(({ tags = {} }) => tags),
      ...Object.values(community.profileTags),
    ]
    expect(ofKind('tag')).toHaveLength(labels.flatMap((tags) => Object.values(tags).flat()).length)
    expect(new Set(objects.map(({ uri }) => uri)).size).toBe(objects.length)
  })

  it('refers only to what is in it', () => {
    const known = new Set(objects.map(({ uri }) => uri))
    const targets = [
      ...ofKind('tag').map(({ object }) => object.value.uri),
      ...ofKind('bookmark').map(({ object }) => object.value.uri),
      ...ofKind('file').map(({ object }) => object.value.src),
      ...ofKind('profile').map(({ object }) => object.value.image),
      ...ofKind('post').flatMap(({ object: { value } }) => [
        value.parent,
        value.embed?.uri,
        ...(value.attachments ?? []),
      ]),
    ].filter((uri) => uri !== null && uri !== undefined)
    for (const uri of targets) expect(known).toContain(uri)
    expect(
      ofKind('tag').every(({ object }) => classifyTarget(object.value.uri)?.kind !== 'resource'),
    ).toBe(true)
  })

  it('is the same again from the same time on', () => {
    const hashes = (list: typeof operations) =>
      list.map(({ author, path, body, after }) => [author, path, after, hashId(body)])
    expect(hashes(plan())).toEqual(hashes(operations))
  })

  it('writes posts from old to new, one after the other', () => {
    const ids = ofKind('post').map(({ object }) => object.id)
    expect(ids).toEqual(ids.toSorted())
    const posts = operations.filter(({ path }) => path.includes('/posts/'))
    posts.slice(1).forEach(({ after }, i) => {
      expect(after).toContain(posts[i]?.id)
    })
  })

  it('mentions people, writes an article, shows pictures with a text of their own', () => {
    expect(ofKind('post').flatMap(({ object }) => mentionsIn(object.value.content))).toEqual([
      key('ada'),
    ])
    const article = ofKind('post').find(({ object }) => object.value.kind === 'long')
    expect(parseArticle(article?.object.value.content ?? '').title).toBe(
      'How we tag in the reading room',
    )
    const files = ofKind('file').map(({ object }) => object.value.name)
    expect(files).toContain('A honeycomb filling with gold from the top.webp')
    expect(ofKind('post').filter(({ object }) => object.value.attachments)).toHaveLength(7)
  })

  it('has pictures that load quickly', async () => {
    for (const name of community.people.map(({ avatar }) => avatar))
      expect(pictures.get(name)?.length, name).toBeLessThan(10_240)
    for (const name of community.posts.flatMap(({ pictures: used = [] }) => used))
      expect(pictures.get(name)?.length, name).toBeLessThan(61_440)
  })
})
