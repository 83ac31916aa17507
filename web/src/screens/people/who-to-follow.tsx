'use client'

import { Users } from 'lucide-react'
import { Columns } from '../../components/shell/columns.tsx'
import { useT } from '../../i18n/client.tsx'
import { useViewer } from '../../state/session/viewer.tsx'
import { EmptyState } from '../../ui/states.tsx'
import { PeopleList } from './people-list.tsx'

/** People two or three follows away, and those whom most follow. */
export function WhoToFollow() {
  const t = useT()
  const { id: viewer } = useViewer()
  const empty = (
    <EmptyState icon={<Users size={28} aria-hidden />} title={t('lists.whoEmpty')}>
      {t('lists.whoEmptyText')}
    </EmptyState>
  )
  return (
    <Columns>
      <h1 className="mb-4 text-xl">{t('lists.whoTitle')}</h1>
      {viewer ? (
        <PeopleList
          source="recommended"
          userId={viewer}
          label={t('lists.whoTitle')}
          // There is somebody below to begin with.
          empty={<p className="text-sm text-mute">{t('lists.whoEmptyText')}</p>}
        />
      ) : null}
      <h2 className="mt-8 mb-3 text-lg">{t('lists.mostFollowed')}</h2>
      <PeopleList source="most_followed" label={t('lists.mostFollowed')} empty={empty} />
    </Columns>
  )
}
