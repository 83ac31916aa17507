'use client'

import Link from 'next/link'
import type { ReactNode } from 'react'
import { useT } from '../i18n/client.tsx'
import { type PeopleSource, useHotTags, usePeople } from '../state/queries/side.ts'
import { useViewer } from '../state/session/viewer.tsx'
import { UserSkeleton } from '../ui/skeleton.tsx'
import { tagStyle } from '../ui/tag-colour.ts'
import { UserRow } from './user-row.tsx'

interface SectionProps {
  title: string
  href?: string
  children: ReactNode
}

function Section({ title, href, children }: SectionProps) {
  const t = useT()
  return (
    <section className="mb-8">
      <div className="mb-2 flex items-baseline justify-between">
        <h2 className="text-base">{title}</h2>
        {href ? (
          <Link
            href={href}
            prefetch={false}
            className="touch text-xs text-mute hover:text-fg hover:underline"
          >
            {t('common.seeAll')}
          </Link>
        ) : null}
      </div>
      {children}
    </section>
  )
}

function People({ source, userId }: { source: PeopleSource; userId?: string }) {
  const t = useT()
  const { data, status } = usePeople(source, userId ? { userId, limit: 3 } : { limit: 3 })
  if (status === 'pending')
    return (
      <>
        <UserSkeleton />
        <UserSkeleton />
        <UserSkeleton />
      </>
    )
  if (!data?.length) return <p className="text-sm text-mute">{t('common.nobodyYet')}</p>
  return data.map((user) => <UserRow key={user} userId={user} />)
}

/** Beside the feed: whom to follow, who is active, what is talked about. */
export function SideColumn() {
  const t = useT()
  const { id: viewer } = useViewer()
  const tags = useHotTags(8)
  return (
    <>
      {viewer ? (
        <Section title={t('common.whoToFollow')} href="/who-to-follow">
          <People source="recommended" userId={viewer} />
        </Section>
      ) : null}
      <Section title={t('common.activeUsers')} href="/hot">
        <People source="influencers" />
      </Section>
      <Section title={t('common.hotTags')} href="/hot">
        {tags.data?.length ? (
          <ul className="flex flex-wrap gap-1.5">
            {tags.data.map(({ label, tagged_count: count }) => (
              <li key={label}>
                <Link
                  href={`/search?tags=${encodeURIComponent(label)}`}
                  prefetch={false}
                  style={tagStyle(label)}
                  className="tag inline-flex h-8 items-center gap-1.5 rounded-md px-2.5 text-sm font-semibold"
                >
                  {label}
                  <span className="font-medium tabular-nums opacity-75">{count}</span>
                </Link>
              </li>
            ))}
          </ul>
        ) : (
          <p className="text-sm text-mute">
            {tags.isPending ? t('common.loading') : t('common.noTagsYet')}
          </p>
        )}
      </Section>
    </>
  )
}
