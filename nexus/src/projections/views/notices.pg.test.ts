import { bookmarkPath, followPath, type HashId, hashId } from '@pubky/app-specs'
import { describe, expect, it } from 'vitest'
import { ANN, BOB, CEM, type Story, tellStories } from './story.ts'

let story: Story
await tellStories((fresh) => {
  story = fresh
})

describe('follows', () => {
  it('tells the followed person, and says friend when it becomes mutual', async () => {
    await story.follow(ANN, BOB)
    await story.follow(BOB, ANN)
    expect(await story.notices(BOB)).toEqual([{ type: 'follow', followed_by: ANN }])
    expect(await story.notices(ANN)).toEqual([{ type: 'new_friend', followed_by: BOB }])
  })

  it('tells of a lost friend, but not of an unfollow that was one-sided', async () => {
    await story.follow(ANN, BOB)
    await story.follow(BOB, ANN)
    await story.del(ANN, followPath(BOB))
    await story.del(BOB, followPath(ANN))
    expect(await story.notices(BOB)).toContainEqual({ type: 'lost_friend', unfollowed_by: ANN })
    expect(await story.notices(ANN)).not.toContainEqual({ type: 'lost_friend', unfollowed_by: BOB })
  })

  it('keeps one notice when somebody follows again, at its last time', async () => {
    await story.follow(ANN, BOB)
    await story.del(ANN, followPath(BOB))
    await story.follow(ANN, BOB)
    const rows = await story.rows<{ at: string }>('select at from notices where recipient = $1', [
      BOB,
    ])
    expect(rows).toHaveLength(1)
    const last = await story.rows<{ at: string }>('select max(received_at_ms) as at from journal')
    expect(rows[0]?.at).toBe(last[0]?.at)
  })

  it('says nothing of following oneself', async () => {
    await story.follow(ANN, ANN)
    expect(await story.rows('select * from follows')).toEqual([])
    expect(await story.notices(ANN)).toEqual([])
  })
})

describe('tags', () => {
  it('tells the author of a tagged post and of the tag taken away, with the kind of the post', async () => {
    const post = await story.post(ANN, 1, { kind: 'long' })
    const tag = story.tag(BOB, post.uri, 'cool')
    await story.put(BOB, tag)
    await story.del(BOB, tag.path)
    const about = { tag_label: 'cool', post_uri: post.uri, post_kind: 'long' }
    expect(await story.notices(ANN)).toEqual([
      { type: 'tag_post', tagged_by: BOB, ...about },
      { type: 'untag_post', untagged_by: BOB, ...about },
    ])
  })

  it('tells the tagged person', async () => {
    const tag = story.tag(BOB, story.profileUri(ANN), 'kind')
    await story.put(BOB, tag)
    await story.del(BOB, tag.path)
    expect(await story.notices(ANN)).toEqual([
      { type: 'tag_profile', tagged_by: BOB, tag_label: 'kind' },
      { type: 'untag_profile', untagged_by: BOB, tag_label: 'kind' },
    ])
  })

  it('tells once when two apps write the same tag, and of its end when the last one goes', async () => {
    const post = await story.post(ANN, 1)
    const tag = story.tag(BOB, post.uri, 'cool')
    const other = { ...tag, path: tag.path.replace('pubky.app', 'map.app') as typeof tag.path }
    await story.put(BOB, tag)
    await story.put(BOB, other)
    await story.del(BOB, tag.path)
    expect((await story.notices(ANN)).map((n) => (n as { type: string }).type)).toEqual([
      'tag_post',
    ])
    expect(await story.postRow(post.key)).toMatchObject({ tags: 1, unique_tags: 1 })
    await story.del(BOB, other.path)
    expect(await story.notices(ANN)).toHaveLength(2)
    expect(await story.postRow(post.key)).toMatchObject({ tags: 0, unique_tags: 0 })
  })

  it('tells nobody of tags on oneself or on an address outside', async () => {
    const post = await story.post(ANN, 1)
    await story.put(ANN, story.tag(ANN, post.uri, 'mine'))
    const outside = story.tag(ANN, 'https://example.com/', 'web')
    await story.put(ANN, {
      ...outside,
      path: outside.path.replace('pubky.app', 'web.app') as typeof outside.path,
    })
    expect(await story.rows('select * from notices')).toEqual([])
    expect(await story.rows('select uri, tags from resources')).toEqual([
      { uri: 'https://example.com/', tags: 1 },
    ])
  })
})

describe('posts', () => {
  it('tells the parent’s author of a reply, with the kind of the parent', async () => {
    const post = await story.post(ANN, 1, { kind: 'image', attachments: ['https://example.com/a'] })
    const reply = await story.post(BOB, 2, { parent: post.uri })
    expect(await story.notices(ANN)).toEqual([
      {
        type: 'reply',
        replied_by: BOB,
        parent_post_uri: post.uri,
        reply_uri: reply.uri,
        post_kind: 'image',
      },
    ])
  })

  it('tells the author of a reposted post', async () => {
    const post = await story.post(ANN, 1)
    const repost = await story.post(BOB, 2, { content: '', embed: { kind: 'long', uri: post.uri } })
    expect(await story.notices(ANN)).toEqual([
      {
        type: 'repost',
        reposted_by: BOB,
        embed_uri: post.uri,
        repost_uri: repost.uri,
        post_kind: 'short',
      },
    ])
  })

  it('tells everybody who is named in the first version, also those nobody has heard of', async () => {
    const post = await story.post(ANN, 1, { content: `pubky${BOB} and pk:${CEM} and pubky${ANN}` })
    await story.post(ANN, 1, { content: `pubky${BOB} again, pk:${CEM}` })
    const mention = { type: 'mention', mentioned_by: ANN, post_uri: post.uri, post_kind: 'short' }
    expect(await story.notices(BOB)).toEqual([mention])
    expect(await story.notices(CEM)).toEqual([mention])
    expect(await story.notices(ANN)).toEqual([])
  })

  async function popular() {
    const post = await story.post(ANN, 1)
    const reply = await story.post(BOB, 2, { parent: post.uri })
    const repost = await story.post(BOB, 3, {
      content: '',
      embed: { kind: 'short', uri: post.uri },
    })
    await story.bookmark(CEM, post.uri)
    const tags = [story.tag(CEM, post.uri, 'a'), story.tag(CEM, post.uri, 'b')]
    for (const tag of tags) await story.put(CEM, tag)
    const bookmark = `pubky://${CEM}${bookmarkPath(hashId(post.uri) as HashId)}`
    return {
      post,
      reply,
      repost,
      bookmark,
      tags: tags.map(({ path }) => `pubky://${CEM}${path}`).sort(),
    }
  }

  it('tells everybody who replied, reposted, bookmarked or tagged of an edit', async () => {
    const { post, reply, repost, bookmark, tags } = await popular()
    await story.post(ANN, 1, { content: 'better', kind: 'long' })
    const edit = (edit_source: string, linked_uri: string) => ({
      type: 'post_edited',
      edit_source,
      edited_by: ANN,
      edited_uri: post.uri,
      linked_uri,
      post_kind: 'long',
    })
    expect(await story.notices(BOB)).toEqual([
      edit('reply_parent', reply.uri),
      edit('repost_embed', repost.uri),
    ])
    const cem = await story.notices(CEM)
    expect(cem[0]).toEqual(edit('bookmark', bookmark))
    expect(
      cem
        .slice(1)
        .map((n) => (n as { linked_uri: string }).linked_uri)
        .sort(),
    ).toEqual(tags)
  })

  it('is silent when only lock or kind change', async () => {
    await popular()
    await story.post(ANN, 1, { lock: `pubky://${ANN}/pub/app.locks/x.json` })
    await story.post(ANN, 1, { kind: 'link' })
    expect(await story.rows("select * from notices where type = 'post_edited'")).toEqual([])
  })

  it('tells them of a deletion with the kind from before, and keeps the post as deleted', async () => {
    const { post, reply } = await popular()
    await story.del(ANN, post.path)
    expect(await story.notices(BOB)).toContainEqual({
      type: 'post_deleted',
      delete_source: 'reply_parent',
      deleted_by: ANN,
      deleted_uri: post.uri,
      linked_uri: reply.uri,
      post_kind: 'short',
    })
    expect(
      await story.rows("select * from notices where type = 'post_deleted' and recipient = $1", [
        CEM,
      ]),
    ).toHaveLength(3)
    expect(await story.postRow(post.key)).toMatchObject({
      content: '[DELETED]',
      deleted: true,
      visible: true,
      replies: 1,
    })
  })

  it('tells the authors above when a reply or repost is edited or deleted', async () => {
    const { post, reply, repost } = await popular()
    await story.post(BOB, 2, { content: 'changed', parent: post.uri })
    await story.del(BOB, reply.path)
    await story.del(BOB, repost.path)
    const about = { linked_uri: post.uri, post_kind: 'short' }
    const notices = await story.notices(ANN)
    expect(notices).toContainEqual({
      type: 'post_edited',
      edit_source: 'reply',
      edited_by: BOB,
      edited_uri: reply.uri,
      ...about,
    })
    expect(notices).toContainEqual({
      type: 'post_deleted',
      delete_source: 'reply',
      deleted_by: BOB,
      deleted_uri: reply.uri,
      ...about,
    })
    expect(notices).toContainEqual({
      type: 'post_deleted',
      delete_source: 'repost',
      deleted_by: BOB,
      deleted_uri: repost.uri,
      ...about,
    })
  })

  it('does not tell the reposted author when the repost stays as a deleted post', async () => {
    const { repost } = await popular()
    await story.post(CEM, 9, { parent: repost.uri })
    await story.del(BOB, repost.path)
    expect(
      await story.rows("select * from notices where body->>'delete_source' = 'repost'"),
    ).toEqual([])
  })
})
