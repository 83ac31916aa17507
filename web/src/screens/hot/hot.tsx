'use client'

import { CloudOff, Flame, Hash } from 'lucide-react'
import { useState } from 'react'
import { HotTagList } from '../../components/hot-tag-list.tsx'
import { OfflineState } from '../../components/offline-state.tsx'
import { PostFeed } from '../../components/post-feed.tsx'
import { Columns } from '../../components/shell/columns.tsx'
import { People, SideColumn } from '../../components/side-column.tsx'
import { useT } from '../../i18n/client.tsx'
import { type Timeframe, useHotTags } from '../../state/queries/side.ts'
import { Button } from '../../ui/button.tsx'
import { Choices } from '../../ui/segmented.tsx'
import { EmptyState, ErrorState } from '../../ui/states.tsx'

const MOST_TAGS = 30

/** What is talked about, and what gathers answers. */
export function Hot() {
  const t = useT()
  const [timeframe, setTimeframe] = useState<Timeframe>('this_week')
  return (
    <Columns end={<SideColumn hotTags={false} />}>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-xl">{t('lists.hotTitle')}</h1>
        <Choices
          label={t('lists.timeframe')}
          value={timeframe}
          onChange={setTimeframe}
          row
          choices={[
            { value: 'today', label: t('lists.today') },
            { value: 'this_week', label: t('lists.week') },
            { value: 'this_month', label: t('lists.month') },
            { value: 'all_time', label: t('lists.allTime') },
          ]}
        />
      </div>
      <HotTags timeframe={timeframe} />
      {/* Wide windows show them beside the page. */}
      <div className="mt-8 xl:hidden">
        <People title={t('common.activeUsers')} href="/who-to-follow" source="influencers" />
      </div>
      <h2 className="mt-8 mb-3 text-lg">{t('lists.hotPosts')}</h2>
      <PostFeed
        stream={{ source: 'all', sorting: 'total_engagement' }}
        label={t('lists.hotPosts')}
        empty={<EmptyState icon={<Flame size={28} aria-hidden />} title={t('feed.emptyTitle')} />}
      />
    </Columns>
  )
}

function HotTags({ timeframe }: { timeframe: Timeframe }) {
  const t = useT()
  const tags = useHotTags(MOST_TAGS, timeframe)
  if (tags.isPending && tags.isPaused) return <OfflineState />
  if (tags.isPending)
    return (
      <div
        role="status"
        className="card h-40 animate-pulse-soft"
        aria-label={t('common.loading')}
      />
    )
  if (!tags.data)
    return (
      <ErrorState
        icon={<CloudOff size={28} aria-hidden />}
        title={t('lists.errorTitle')}
        action={<Button onClick={() => void tags.refetch()}>{t('common.retry')}</Button>}
      >
        {t('lists.errorText')}
      </ErrorState>
    )
  if (tags.data.length === 0)
    return <EmptyState icon={<Hash size={28} aria-hidden />} title={t('lists.noTags')} />
  return (
    <section aria-label={t('lists.hotTags')} className="card p-4 sm:p-6">
      <HotTagList tags={tags.data} />
    </section>
  )
}
