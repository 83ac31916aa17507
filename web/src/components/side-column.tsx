'use client'

import Link from 'next/link'
import type { ReactNode } from 'react'
import { useT } from '../i18n/client.tsx'
import { type PeopleSource, useHotTags, usePeople } from '../state/queries/side.ts'
import { useViewer } from '../state/session/viewer.tsx'
import { UserSkeleton } from '../ui/skeleton.tsx'
import { HotTagList } from './hot-tag-list.tsx'
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

/** Three people; nothing at all where there is nobody to show. */
export function People({ title, href, source, userId }: PeopleProps) {
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

/** Beside the feed: whom to follow, who is active, and what is talked about unless the page tells. */
export function SideColumn({ hotTags = true }: { hotTags?: boolean }) {
  const t = useT()
  const { id: viewer } = useViewer()
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
      <People title={t('common.activeUsers')} href="/who-to-follow" source="influencers" />
      {hotTags ? <HotTags /> : null}
    </>
  )
}

function HotTags() {
  const t = useT()
  const tags = useHotTags(8)
  return (
    <Section title={t('common.hotTags')} href="/hot">
      {tags.data?.length ? (
        <HotTagList tags={tags.data} />
      ) : (
        <p className="text-sm text-mute">
          {tags.isPending ? t('common.loading') : t('common.noTagsYet')}
        </p>
      )}
    </Section>
  )
}
