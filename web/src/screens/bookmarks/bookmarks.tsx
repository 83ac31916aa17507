'use client'

import { Bookmark } from 'lucide-react'
import Link from 'next/link'
import { PostFeed } from '../../components/post-feed.tsx'
import { Columns } from '../../components/shell/columns.tsx'
import { SideColumn } from '../../components/side-column.tsx'
import { useT } from '../../i18n/client.tsx'
import { useViewer } from '../../state/session/viewer.tsx'
import { buttonClass } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/states.tsx'

/** What the person kept, newest bookmark first. */
export function Bookmarks() {
  const t = useT()
  const { id: viewer } = useViewer()
  return (
    <Columns end={<SideColumn />}>
      <h1 className="mb-4 text-xl">{t('lists.bookmarksTitle')}</h1>
      {viewer ? (
        <PostFeed
          stream={{ source: 'bookmarks' }}
          label={t('lists.bookmarksTitle')}
          empty={
            <EmptyState
              icon={<Bookmark size={28} aria-hidden />}
              title={t('lists.bookmarksEmpty')}
              action={
                <Link href="/hot" className={buttonClass('outline')}>
                  {t('lists.bookmarksEmptyGo')}
                </Link>
              }
            >
              {t('lists.bookmarksEmptyText')}
            </EmptyState>
          }
        />
      ) : (
        <EmptyState
          icon={<Bookmark size={28} aria-hidden />}
          title={t('lists.bookmarksGuest')}
          action={
            <a href="/onboarding" className={buttonClass('brand')}>
              {t('common.join')}
            </a>
          }
        >
          {t('lists.bookmarksGuestText')}
        </EmptyState>
      )}
    </Columns>
  )
}
