'use client'

import { Flame, Hash } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { PostFeed } from '../../components/post-feed.tsx'
import { Columns } from '../../components/shell/columns.tsx'
import { SideColumn } from '../../components/side-column.tsx'
import { useT } from '../../i18n/client.tsx'
import { type Timeframe, useHotTags } from '../../state/queries/side.ts'
import { Choices } from '../../ui/segmented.tsx'
import { EmptyState } from '../../ui/states.tsx'
import { tagStyle } from '../../ui/tag-colour.ts'

const MOST_TAGS = 30

/** What is talked about, and what gathers answers. */
export function Hot() {
  const t = useT()
  const [timeframe, setTimeframe] = useState<Timeframe>('this_week')
  return (
    <Columns end={<SideColumn />}>
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
  if (tags.isPending)
    return (
      <div
        role="status"
        className="card h-40 animate-pulse-soft"
        aria-label={t('common.loading')}
      />
    )
  if (!tags.data?.length)
    return <EmptyState icon={<Hash size={28} aria-hidden />} title={t('lists.noTags')} />
  return (
    <section aria-label={t('lists.hotTags')} className="card p-4 sm:p-6">
      <ol className="flex flex-wrap gap-2">
        {tags.data.map(({ label, tagged_count: posts, taggers_count: people }) => (
          <li key={label}>
            <Link
              href={`/search?tags=${encodeURIComponent(label)}`}
              prefetch={false}
              style={tagStyle(label)}
              className="tag inline-flex h-9 items-center gap-2 rounded-md px-3 text-sm font-semibold"
            >
              {label}
              <span className="font-medium tabular-nums opacity-75">{posts}</span>
              <span className="sr-only">
                {t('lists.tagPosts', { count: posts })}, {t('lists.tagPeople', { count: people })}
              </span>
            </Link>
          </li>
        ))}
      </ol>
    </section>
  )
}
