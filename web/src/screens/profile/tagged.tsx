'use client'

import { CloudOff, Tags } from 'lucide-react'
import Link from 'next/link'
import { PostTags, TagChip } from '../../components/post-card/post-tags.tsx'
import { UserAvatar } from '../../components/user-avatar.tsx'
import { useT } from '../../i18n/client.tsx'
import { useActions } from '../../state/actions.ts'
import { useProfileTags } from '../../state/queries/profile-tags.ts'
import { useUser } from '../../state/queries/user.ts'
import { useViewer } from '../../state/session/viewer.tsx'
import { shortKey, type TagDetails, type UserView } from '../../state/views.ts'
import { Button } from '../../ui/button.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { EmptyState, ErrorState } from '../../ui/states.tsx'

/** The words that people say about a person, with who says them. */
export function Tagged({ user }: { user: UserView }) {
  const t = useT()
  const { id: viewer } = useViewer()
  const { id, name } = user.details
  const tags = useProfileTags(id)
  // What the view shows includes the viewer's own unsent tags.
  const shown = merge(user.tags, tags.data ?? [])
  return (
    <section aria-label={t('profile.tabTagged')} className="grid gap-4">
      <div className="card p-4 sm:px-6">
        <p className="mb-3 text-sm text-mute">
          {id === viewer ? t('profile.tagOneself') : t('profile.tagThem', { name })}
        </p>
        <PostTags target={id} tags={user.tags} most={0} />
      </div>
      {tags.isPending && shown.length === 0 ? <Skeleton className="h-40 rounded-lg" /> : null}
      {tags.isError && shown.length === 0 ? (
        <ErrorState
          icon={<CloudOff size={28} aria-hidden />}
          title={t('lists.errorTitle')}
          action={<Button onClick={() => void tags.refetch()}>{t('common.retry')}</Button>}
        >
          {t('lists.errorText')}
        </ErrorState>
      ) : null}
      {tags.isSuccess && shown.length === 0 ? (
        <EmptyState icon={<Tags size={28} aria-hidden />} title={t('profile.taggedEmpty')}>
          {t('profile.taggedEmptyText')}
        </EmptyState>
      ) : null}
      {shown.length > 0 ? (
        <ul className="card divide-y px-4 sm:px-6">
          {shown.map((tag) => (
            <TagLine key={tag.label} target={id} tag={tag} />
          ))}
        </ul>
      ) : null}
    </section>
  )
}

function merge(shown: readonly TagDetails[], all: readonly TagDetails[]): TagDetails[] {
  const first = new Map(shown.map((tag) => [tag.label, tag]))
  const rest = all.filter(({ label }) => !first.has(label))
  return [...first.values(), ...rest]
}

function TagLine({ target, tag }: { target: string; tag: TagDetails }) {
  const t = useT()
  const actions = useActions()
  return (
    <li className="flex flex-wrap items-center gap-3 py-3">
      <TagChip tag={tag} onToggle={(on) => actions.tag(target, tag.label, on)} />
      <ul
        aria-label={t('profile.taggersOf', { label: tag.label })}
        className="flex -space-x-2 rtl:space-x-reverse"
      >
        {tag.taggers.map((tagger) => (
          <li key={tagger}>
            <Tagger userId={tagger} />
          </li>
        ))}
      </ul>
    </li>
  )
}

function Tagger({ userId }: { userId: string }) {
  const { user } = useUser(userId)
  const name = user?.details.name ?? shortKey(userId)
  return (
    <Link
      href={`/profile/${userId}`}
      prefetch={false}
      aria-label={name}
      title={name}
      className="block rounded-full ring-2 ring-surface"
    >
      <UserAvatar userId={userId} size={30} />
    </Link>
  )
}
