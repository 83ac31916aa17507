import {
  articleContent,
  type Built,
  blobUri,
  buildBlob,
  buildBookmark,
  buildFile,
  buildFollow,
  buildPost,
  buildProfile,
  buildTag,
  type FileId,
  fileUri,
  type PostId,
  type PostKey,
  postUri,
  profileUri,
  timestampId,
} from '@pubky/app-specs'
import { must, type PublicKeyZ32, toMicros } from '@pubky/protocol'
import type { Operation } from '../load/play.ts'
import type { Community, DemoPost } from './community.ts'

const HOUR_MICROS = 3_600_000_000

export interface DemoSources {
  community: Community
  /** Bytes of each picture and avatar by its name, WebP. */
  pictures: ReadonlyMap<string, Uint8Array>
  key(handle: string): PublicKeyZ32
  /** When the community was begun, in µs: everything lies before it. */
  anchor: bigint
}

/**
 * Every object of the demo community in the order in which it is written: people and their pictures,
 * follows, posts from old to new, what others said about them. The same sources give the same bytes.
 */
export function planDemo({ community, pictures, key, anchor }: DemoSources): Operation[] {
  const operations: Operation[] = []
  const times = new Set<bigint>()
  const posts = new Map<string, PostKey>()
  /** The last post: each waits for the one before, also of another person. */
  let lastPost: number | null = null

  function add(
    author: string,
    { path, body }: Pick<Built<unknown>, 'path' | 'body'>,
    after: number[] = [],
  ) {
    const id = operations.length + 1
    operations.push({ id, author, path, body, after })
    return id
  }

  /** Ids are times, so no two objects have the same. */
  function timeAt(hoursAgo: number): bigint {
    let micros = anchor - BigInt(Math.round(hoursAgo * HOUR_MICROS))
    while (times.has(micros)) micros += 1n
    times.add(micros)
    return micros
  }

  function addPicture(author: string, picture: string, name: string, hoursAgo: number) {
    const bytes = must(pictures.get(picture), `picture ${picture}`)
    const blob = buildBlob(bytes)
    add(author, blob)
    const micros = timeAt(hoursAgo)
    const meta = {
      name: `${name}.webp`,
      createdAt: Number(micros),
      src: blobUri(key(author), blob.id),
      contentType: 'image/webp',
      size: bytes.length,
    }
    const file = buildFile(meta, timestampId(toMicros(micros)) as string as FileId)
    add(author, file)
    return fileUri(key(author), file.id)
  }

  function keyOf(id: string): PostKey {
    return must(posts.get(id), `post ${id}`)
  }

  function contentOf({ kind, title = '', text = '' }: DemoPost): string {
    const body = text.replaceAll(/\{(\w+)\}/g, (_, handle: string) => key(handle))
    return kind === 'long' ? articleContent(title, body) : body
  }

  function addPost(post: DemoPost): void {
    const { by, hoursAgo, reply, pictures: names = [], alt = [] } = post
    const attachments = names.map((name, i) => addPicture(by, name, alt[i] ?? name, hoursAgo))
    const shared = post.quote ?? post.repost
    const id: PostId = timestampId(toMicros(timeAt(hoursAgo)))
    const draft = {
      content: contentOf(post),
      kind: post.kind ?? (names.length > 0 ? ('image' as const) : ('short' as const)),
      parent: reply === undefined ? null : postUri(keyOf(reply)),
      embed: shared === undefined ? null : { kind: 'short' as const, uri: postUri(keyOf(shared)) },
      attachments: attachments.length > 0 ? attachments : null,
    }
    posts.set(post.id, { author: key(by), id })
    lastPost = add(by, buildPost(draft, id), lastPost === null ? [] : [lastPost])
  }

  const [oldest = 72] = community.posts.map(({ hoursAgo }) => hoursAgo).sort((a, b) => b - a)
  const begin = oldest + 1
  for (const { handle, avatar, ...person } of community.people) {
    const image = addPicture(handle, avatar, `Portrait of ${person.name}`, begin)
    add(handle, buildProfile({ ...person, image }))
  }
  const each = <T>(record: Record<string, T>) => Object.entries(record)
  for (const [handle, targets] of each(community.follows))
    for (const target of targets)
      add(handle, buildFollow(key(target), toMicros(timeAt(begin - 0.5))))
  for (const post of community.posts.toSorted((a, b) => b.hoursAgo - a.hoursAgo)) addPost(post)
  const afterPosts = lastPost === null ? [] : [lastPost]
  for (const post of community.posts)
    for (const [label, taggers] of each(post.tags ?? {}))
      for (const tagger of taggers) {
        const tag = buildTag(postUri(keyOf(post.id)), label, toMicros(timeAt(post.hoursAgo - 0.1)))
        add(tagger, tag, afterPosts)
      }
  for (const [handle, labels] of each(community.profileTags))
    for (const [label, taggers] of each(labels))
      for (const tagger of taggers)
        add(
          tagger,
          buildTag(profileUri(key(handle)), label, toMicros(timeAt(begin - 1))),
          afterPosts,
        )
  for (const [handle, ids] of each(community.bookmarks))
    for (const id of ids)
      add(handle, buildBookmark(postUri(keyOf(id)), toMicros(timeAt(0.5))), afterPosts)
  return operations
}
