import { postKeyText } from '@pubky/app-specs'
import type { PoolClient } from 'pg'
import { type LabelCount, type SearchDoc, wordsOf } from '../search-index.ts'

type Doc<K extends SearchDoc['kind']> = Extract<SearchDoc, { kind: K }>

/** Replaces documents; the vocabulary follows. Of one key only the last document counts. */
export async function applyDocs(
  client: PoolClient,
  put: readonly SearchDoc[],
  remove: readonly string[],
): Promise<void> {
  const docs = [...new Map(put.map((doc) => [doc.key, doc])).values()]
  const gone = [...new Set([...remove, ...docs.map((doc) => doc.key)])]
  if (gone.length === 0) return
  await client.query(
    `with gone as (delete from search_posts where key = any($1) returning words),
     lost as (select word, count(*) as n from gone, unnest(tsvector_to_array(words)) word group by word)
     update search_words set uses = uses - lost.n from lost where search_words.word = lost.word`,
    [gone],
  )
  await client.query('delete from search_users where id = any($1)', [gone])
  await client.query('delete from search_labels where owner_key = any($1)', [gone])
  const isKind =
    <K extends SearchDoc['kind']>(kind: K) =>
    (doc: SearchDoc): doc is Doc<K> =>
      doc.kind === kind
  await putPosts(client, docs.filter(isKind('post')))
  await putUsers(client, docs.filter(isKind('user')))
  await putLabels(client, docs)
  await client.query('delete from search_words where uses <= 0')
}

async function putPosts(client: PoolClient, posts: readonly Doc<'post'>[]): Promise<void> {
  if (posts.length === 0) return
  await client.query(
    `with added as (
       insert into search_posts (key, author, kind, at_ms, labels, body)
       select key, author, kind, at_ms, array(select jsonb_array_elements_text(labels)), body
       from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::jsonb[], $6::text[])
         as p (key, author, kind, at_ms, labels, body)
       returning words
     )
     insert into search_words (word, uses)
     select word, count(*) from added, unnest(tsvector_to_array(words)) word group by word
     on conflict (word) do update set uses = search_words.uses + excluded.uses`,
    [
      posts.map((doc) => postKeyText(doc.post)),
      posts.map((doc) => doc.post.author),
      posts.map((doc) => doc.postKind),
      posts.map((doc) => Math.trunc(doc.atMs)),
      posts.map((doc) => JSON.stringify(doc.tags.map((tag: LabelCount) => tag.label))),
      // Cut into words here, so that the parser of the database finds the same ones.
      posts.map((doc) => wordsOf(doc.text).join(' ')),
    ],
  )
}

async function putUsers(client: PoolClient, users: readonly Doc<'user'>[]): Promise<void> {
  if (users.length === 0) return
  await client.query(
    'insert into search_users (id, name) select * from unnest($1::text[], $2::text[])',
    [users.map((doc) => doc.user), users.map((doc) => doc.name.toLowerCase())],
  )
}

async function putLabels(client: PoolClient, docs: readonly SearchDoc[]): Promise<void> {
  const labels = docs.flatMap((doc) =>
    doc.tags.map(({ label, taggers }) => ({ doc, label, taggers })),
  )
  if (labels.length === 0) return
  await client.query(
    `insert into search_labels (owner_key, label, taggers, of_post)
     select * from unnest($1::text[], $2::text[], $3::int[], $4::boolean[]) on conflict do nothing`,
    [
      labels.map(({ doc }) => doc.key),
      labels.map(({ label }) => label),
      labels.map(({ taggers }) => taggers),
      labels.map(({ doc }) => doc.kind === 'post'),
    ],
  )
}
