'use client'

import { Feather, SlidersHorizontal, Users } from 'lucide-react'
import Link from 'next/link'
import { useEffect, useState } from 'react'
import { Composer } from '../../components/composer/composer.tsx'
import { PostFeed } from '../../components/post-feed.tsx'
import { Columns } from '../../components/shell/columns.tsx'
import { SideColumn } from '../../components/side-column.tsx'
import { useT } from '../../i18n/client.tsx'
import { useUser } from '../../state/queries/user.ts'
import { useViewer } from '../../state/session/viewer.tsx'
import { Button, buttonClass, IconButton } from '../../ui/button.tsx'
import { cx } from '../../ui/cx.ts'
import { EmptyState } from '../../ui/states.tsx'
import { type Filter, type Reach, toStream, writeFilterCookie } from './filter.ts'
import { ContentFilter, ReachFilter, SortFilter } from './filters.tsx'

/** The feed of the person, or of everybody for guests. */
export function Home({ initialFilter }: { initialFilter: Filter }) {
  const t = useT()
  const { id: viewer } = useViewer()
  const [filter, setFilter] = useState(initialFilter)
  const [showFilters, setShowFilters] = useState(false)

  function change(part: Partial<Filter>) {
    const next = { ...filter, ...part }
    setFilter(next)
    writeFilterCookie(next)
    scrollTo({ top: 0 })
  }

  const filters = { filter, onChange: change }
  return (
    <Columns
      start={
        <div className="grid gap-6">
          <ReachFilter {...filters} />
          <SortFilter {...filters} />
          <ContentFilter {...filters} />
        </div>
      }
      end={<SideColumn />}
    >
      <h1 className="sr-only">{t('feed.title')}</h1>
      <div className="mb-4 flex items-center gap-2 lg:hidden">
        <div className="grow">
          <ReachFilter {...filters} row />
        </div>
        <IconButton
          label={t('feed.filters')}
          aria-expanded={showFilters}
          onClick={() => setShowFilters(!showFilters)}
          className={cx('size-10 bg-raised', showFilters && 'text-brand-text!')}
        >
          <SlidersHorizontal size={18} aria-hidden />
        </IconButton>
      </div>
      {showFilters ? (
        <div className="card mb-4 grid grid-cols-2 gap-4 p-4 lg:hidden">
          <SortFilter {...filters} />
          <ContentFilter {...filters} />
        </div>
      ) : null}
      {viewer ? (
        <>
          <div className="card mb-4 p-4 sm:px-6">
            <Composer mode="post" collapsible />
          </div>
          <FirstStep viewer={viewer} />
        </>
      ) : (
        <GuestCard />
      )}
      <PostFeed
        key={JSON.stringify(filter)}
        stream={toStream(filter)}
        label={t('feed.feedLabel')}
        empty={
          <EmptyFeed
            reach={filter.reach}
            kind={filter.kind}
            onReset={() => change({ reach: 'all', kind: 'all' })}
          />
        }
      />
    </Columns>
  )
}

/** For newcomers, as long as the page is open: a feed of one's own begins with people. */
function FirstStep({ viewer }: { viewer: string }) {
  const t = useT()
  const { user } = useUser(viewer)
  const isAlone = user ? user.counts.following === 0 : null
  // What comes or goes later would move what one reads; only somebody brand new is not known at once.
  const [isDue, setDue] = useState(isAlone)
  useEffect(() => {
    if (isDue === null && isAlone !== null) setDue(isAlone && scrollY === 0)
  }, [isDue, isAlone])
  if (!isDue) return null
  return (
    <div className="card mb-4 flex flex-wrap items-center justify-between gap-x-6 gap-y-3 p-4 sm:px-6">
      <div className="min-w-0 grow basis-56">
        <p className="font-semibold">{t('feed.firstTitle')}</p>
        <p className="text-sm text-mute">{t('feed.firstText')}</p>
      </div>
      <Link href="/who-to-follow" prefetch={false} className={buttonClass('outline', 'sm')}>
        {t('feed.firstGo')}
      </Link>
    </div>
  )
}

function GuestCard() {
  const t = useT()
  return (
    <div className="card mb-4 flex flex-wrap items-center justify-between gap-4 bg-brand-veil p-5 sm:px-6">
      <div>
        <p className="font-semibold">{t('feed.guestTitle')}</p>
        <p className="text-sm text-mute">{t('feed.guestText')}</p>
      </div>
      <a href="/onboarding" className={buttonClass('brand')}>
        {t('common.join')}
      </a>
    </div>
  )
}

interface EmptyFeedProps {
  reach: Reach
  kind: Filter['kind']
  onReset: () => void
}

function EmptyFeed({ reach, kind, onReset }: EmptyFeedProps) {
  const t = useT()
  if (kind !== 'all')
    return (
      <EmptyState
        icon={<SlidersHorizontal size={26} aria-hidden />}
        title={t('feed.emptyKindTitle')}
        action={<Button onClick={onReset}>{t('feed.resetFilter')}</Button>}
      />
    )
  if (reach === 'all')
    return (
      <EmptyState icon={<Feather size={28} aria-hidden />} title={t('feed.emptyTitle')}>
        {t('feed.emptyText')}
      </EmptyState>
    )
  const friends = reach === 'friends'
  return (
    <EmptyState
      icon={<Users size={28} aria-hidden />}
      title={t(friends ? 'feed.emptyFriendsTitle' : 'feed.emptyFollowingTitle')}
      action={
        <a href="/who-to-follow" className={buttonClass('brand')}>
          {t('common.whoToFollow')}
        </a>
      }
    >
      {t(friends ? 'feed.emptyFriendsText' : 'feed.emptyFollowingText')}
    </EmptyState>
  )
}
