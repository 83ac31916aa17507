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

interface PeopleProps {
  title: string
  href: string
  source: PeopleSource
  userId?: string
}

/** Nothing at all where there is nobody to show. */
function People({ title, href, source, userId }: PeopleProps) {
  const { data, status } = usePeople(source, userId ? { userId, limit: 3 } : { limit: 3 })
  if (status !== 'pending' && !data?.length) return null
  return (
    <Section title={title} href={href}>
      {data ? (
        data.map((user) => <UserRow key={user} userId={user} />)
      ) : (
        <>
          <UserSkeleton />
          <UserSkeleton />
          <UserSkeleton />
        </>
      )}
    </Section>
  )
}

/** Beside the feed: whom to follow, who is active, what is talked about. */
export function SideColumn() {
  const t = useT()
  const { id: viewer } = useViewer()
  const tags = useHotTags(8)
  return (
    <>
      {viewer ? (
        <People
          title={t('common.whoToFollow')}
          href="/who-to-follow"
          source="recommended"
          userId={viewer}
        />
      ) : null}
      <People title={t('common.activeUsers')} href="/hot" source="influencers" />
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
