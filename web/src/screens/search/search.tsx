'use client'

import { CloudOff, Hash, Search as SearchIcon, SearchX, X } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { type FormEvent, type ReactNode, useId, useState } from 'react'
import { HotTagList } from '../../components/hot-tag-list.tsx'
import { OfflineState } from '../../components/offline-state.tsx'
import { PostCard } from '../../components/post-card/post-card.tsx'
import { PostFeed } from '../../components/post-feed.tsx'
import { Columns } from '../../components/shell/columns.tsx'
import { SideColumn } from '../../components/side-column.tsx'
import { UserRow } from '../../components/user-row.tsx'
import { useT } from '../../i18n/client.tsx'
import { useSearchPeople, useSearchPosts, useSearchTags } from '../../state/queries/search.ts'
import { useHotTags, usePeople } from '../../state/queries/side.ts'
import { Button, buttonClass } from '../../ui/button.tsx'
import { PostSkeleton, UserSkeleton } from '../../ui/skeleton.tsx'
import { EmptyState, ErrorState } from '../../ui/states.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { tagStyle } from '../../ui/tag-colour.ts'
import { useEarly } from '../../ui/use-early.ts'
import { keyIn, type SearchQuery, searchHref } from './query.ts'

/** Posts by words or tags, people by name or key, tags by their beginning. The address holds it all. */
export function Search({ query }: { query: SearchQuery }) {
  const t = useT()
  const byTags = query.tags.length > 0
  const isAsked = byTags || query.text !== ''
  return (
    // Before a question the same people and tags stand in the middle.
    <Columns end={isAsked ? <SideColumn /> : null}>
      <h1 className="sr-only">{t('search.title')}</h1>
      <SearchForm text={query.text} />
      {!isAsked ? <Prompt /> : byTags ? <ByTags query={query} /> : <ByText query={query} />}
    </Columns>
  )
}

const MOST_TAGS = 16
const MOST_PEOPLE = 5

/** Where there are no words yet: what one may find. */
function Prompt() {
  const t = useT()
  const tags = useHotTags(MOST_TAGS, 'this_week')
  const people = usePeople('most_followed', { limit: MOST_PEOPLE })
  const isEmpty = !tags.data?.length && !people.data?.length
  if (isEmpty && (tags.isPaused || people.isPaused)) return <OfflineState />
  if (isEmpty && !tags.isPending && !people.isPending)
    return (
      <EmptyState icon={<SearchIcon size={28} aria-hidden />} title={t('search.promptTitle')}>
        {t('search.promptText')}
      </EmptyState>
    )
  return (
    <div className="grid gap-8">
      <p className="text-sm text-mute">{t('search.promptText')}</p>
      {tags.data?.length ? (
        <section>
          <h2 className="mb-3 text-lg">{t('search.hotTags')}</h2>
          <HotTagList tags={tags.data} />
        </section>
      ) : null}
      <section>
        <div className="mb-3 flex items-baseline justify-between gap-4">
          <h2 className="text-lg">{t('search.hotPeople')}</h2>
          <Link
            href="/who-to-follow"
            prefetch={false}
            className="touch text-sm text-mute hover:text-fg hover:underline"
          >
            {t('common.seeAll')}
          </Link>
        </div>
        <div className="card divide-y px-4 py-2 sm:px-6">
          {people.data?.map((user) => (
            <div key={user} className="py-1">
              <UserRow userId={user} />
            </div>
          )) ?? <UserSkeleton />}
        </div>
      </section>
    </div>
  )
}

function SearchForm({ text }: { text: string }) {
  const t = useT()
  const router = useRouter()
  const id = useId()
  const [value, setValue] = useState(text)
  const [asked, setAsked] = useState(text)
  if (asked !== text) {
    setAsked(text)
    setValue(text)
  }
  useEarly(id, value, setValue)

  function submit(event: FormEvent) {
    event.preventDefault()
    const words = value.trim()
    // The server reads the address, where #words become tags.
    router.push(words ? `/search?q=${encodeURIComponent(words)}` : '/search')
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: `search` is not known to all browsers we support.
    <form role="search" action="/search" onSubmit={submit} className="mb-4 flex gap-2">
      <label className="flex h-12 min-w-0 grow items-center gap-3 rounded-full border bg-surface px-4 text-mute focus-within:border-brand-text hover:border-line-strong">
        <SearchIcon size={18} aria-hidden />
        <span className="sr-only">{t('search.label')}</span>
        <input
          id={id}
          name="q"
          type="search"
          dir="auto"
          autoComplete="off"
          enterKeyHint="search"
          value={value}
          placeholder={t('search.placeholder')}
          onChange={(event) => setValue(event.target.value)}
          className="min-w-0 grow bg-transparent text-fg outline-none placeholder:text-mute"
        />
      </label>
      <Button type="submit" look="solid" className="h-12">
        {t('search.submit')}
      </Button>
    </form>
  )
}

function ByTags({ query }: { query: SearchQuery }) {
  const t = useT()
  const { tags, sorting } = query
  const tabs = [
    { href: searchHref({ tags }), label: t('search.recent') },
    { href: searchHref({ tags, sorting: 'total_engagement' }), label: t('search.popular') },
  ]
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <span className="text-sm text-mute">{t('search.taggedWith')}</span>
        {tags.map((label) => (
          <Link
            key={label}
            href={searchHref({ tags: tags.filter((one) => one !== label), sorting })}
            aria-label={t('search.removeTag', { label })}
            style={tagStyle(label)}
            className="tag touch inline-flex h-8 items-center gap-1.5 rounded-md px-2.5 text-sm font-semibold"
          >
            <span dir="auto">{label}</span>
            <X size={14} aria-hidden />
          </Link>
        ))}
      </div>
      <div className="mb-4">
        <Tabs label={t('search.sort')} tabs={tabs} current={searchHref({ tags, sorting })} />
      </div>
      <PostFeed
        key={searchHref(query)}
        stream={{ source: 'all', tags, sorting }}
        label={t('search.posts')}
        empty={<EmptyState icon={<Hash size={28} aria-hidden />} title={t('search.noTagged')} />}
      />
    </>
  )
}

function ByText({ query }: { query: SearchQuery }) {
  const t = useT()
  const { text, kind } = query
  const key = keyIn(text)
  const tabs = [
    { href: searchHref({ text }), label: t('search.posts') },
    { href: searchHref({ text, kind: 'people' }), label: t('search.people') },
    { href: searchHref({ text, kind: 'tags' }), label: t('search.tags') },
  ]
  return (
    <>
      {key ? (
        <Link href={`/profile/${key}`} className={`${buttonClass('brand')} mb-4`}>
          {t('search.openProfile')}
        </Link>
      ) : null}
      <div className="mb-4">
        <Tabs label={t('search.kinds')} tabs={tabs} current={searchHref({ text, kind })} />
      </div>
      {kind === 'posts' ? <PostResults text={text} /> : null}
      {kind === 'people' ? <PeopleResults text={text} /> : null}
      {kind === 'tags' ? <TagResults text={text} /> : null}
    </>
  )
}

interface Result {
  data: string[] | undefined
  isPending: boolean
  isPaused: boolean
  isError: boolean
  refetch: () => unknown
}

/** Loading, failed, nothing found, or the results. */
function Results({
  result,
  none,
  children,
}: {
  result: Result
  none: ReactNode
  children: (keys: string[]) => ReactNode
}) {
  const t = useT()
  if (result.isPending && result.isPaused) return <OfflineState />
  if (result.isPending)
    return (
      <div role="status" aria-label={t('common.loading')} className="grid gap-4">
        <PostSkeleton />
        <PostSkeleton />
      </div>
    )
  if (result.isError || !result.data)
    return (
      <ErrorState
        icon={<CloudOff size={28} aria-hidden />}
        title={t('search.errorTitle')}
        action={<Button onClick={() => void result.refetch()}>{t('common.retry')}</Button>}
      >
        {t('search.errorText')}
      </ErrorState>
    )
  return result.data.length === 0 ? none : children(result.data)
}

function PostResults({ text }: { text: string }) {
  const t = useT()
  const result = useSearchPosts(text, true)
  const none = (
    <EmptyState
      icon={<SearchX size={28} aria-hidden />}
      title={t('search.noPosts')}
      action={
        <Link href={searchHref({ text, kind: 'people' })} className={buttonClass('outline')}>
          {t('search.inPeople')}
        </Link>
      }
    >
      {t('search.noPostsText')}
    </EmptyState>
  )
  return (
    <Results result={result} none={none}>
      {(keys) => (
        <div role="feed" aria-label={t('search.posts')} className="grid grid-cols-1 gap-4">
          {keys.map((key, at) => (
            <PostCard key={key} postKey={key} position={at + 1} />
          ))}
        </div>
      )}
    </Results>
  )
}

function PeopleResults({ text }: { text: string }) {
  const t = useT()
  const result = useSearchPeople(text, true)
  return (
    <Results
      result={result}
      none={<EmptyState icon={<SearchX size={28} aria-hidden />} title={t('search.noPeople')} />}
    >
      {(keys) => (
        <ul aria-label={t('search.people')} className="card divide-y px-4 py-2 sm:px-6">
          {keys.map((user) => (
            <li key={user} className="py-1">
              <UserRow userId={user} />
            </li>
          ))}
        </ul>
      )}
    </Results>
  )
}

function TagResults({ text }: { text: string }) {
  const t = useT()
  const result = useSearchTags(text, true)
  return (
    <Results
      result={result}
      none={<EmptyState icon={<SearchX size={28} aria-hidden />} title={t('search.noTags')} />}
    >
      {(labels) => (
        <ul aria-label={t('search.tags')} className="card flex flex-wrap gap-2 p-4 sm:p-6">
          {labels.map((label) => (
            <li key={label}>
              <Link
                href={searchHref({ tags: [label] })}
                style={tagStyle(label)}
                className="tag touch inline-flex h-9 items-center rounded-md px-3 text-sm font-semibold"
              >
                <span dir="auto">{label}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Results>
  )
}
