'use client'

import { CloudOff, Feather, KeyRound, Radar, Users } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { useCompose } from '../../components/composer/compose.tsx'
import { PostTags } from '../../components/post-card/post-tags.tsx'
import { PostFeed } from '../../components/post-feed.tsx'
import { Columns } from '../../components/shell/columns.tsx'
import { useT } from '../../i18n/client.tsx'
import { useUnread } from '../../state/queries/unread.ts'
import { useUser } from '../../state/queries/user.ts'
import { useApi } from '../../state/services.ts'
import { useViewer } from '../../state/session/viewer.tsx'
import type { UserView } from '../../state/views.ts'
import { Button, buttonClass } from '../../ui/button.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { EmptyState, ErrorState } from '../../ui/states.tsx'
import { type TabLink, Tabs } from '../../ui/tabs.tsx'
import { Notifications } from '../notifications/notifications.tsx'
import { PeopleList } from '../people/people-list.tsx'
import { ProfileHeader } from './profile-header.tsx'
import type { ProfileRoute, ProfileTab } from './tabs.ts'
import { Tagged } from './tagged.tsx'

/** A person: who they are, and what they wrote, said and follow. */
export function Profile({ route }: { route: ProfileRoute }) {
  const { id: viewer } = useViewer()
  const user = route.user ?? viewer
  if (user === null) return <GuestProfile />
  return <PersonPage user={user} tab={route.tab} own={route.user === null} />
}

function GuestProfile() {
  const t = useT()
  return (
    <Columns>
      <EmptyState
        icon={<KeyRound size={28} aria-hidden />}
        title={t('profile.guestTitle')}
        action={
          <>
            <a href="/onboarding" className={buttonClass('brand')}>
              {t('common.join')}
            </a>
            <a href="/sign-in" className={buttonClass('outline')}>
              {t('common.signIn')}
            </a>
          </>
        }
      >
        {t('profile.guestText')}
      </EmptyState>
    </Columns>
  )
}

function PersonPage({ user, tab, own }: { user: string; tab: ProfileTab; own: boolean }) {
  const t = useT()
  const shown = useUser(user)
  if (shown.user)
    return (
      <Columns end={<TaggedAs user={shown.user} />}>
        <ProfileHeader user={shown.user} />
        <div className="mb-4">
          <ProfileTabs user={shown.user} tab={tab} own={own} />
        </div>
        <TabContent user={shown.user} tab={tab} own={own} />
      </Columns>
    )
  if (shown.status === 'error')
    return (
      <Columns>
        <ErrorState
          icon={<CloudOff size={28} aria-hidden />}
          title={t('profile.errorTitle')}
          action={<Button onClick={shown.retry}>{t('common.retry')}</Button>}
        >
          {t('profile.errorText')}
        </ErrorState>
      </Columns>
    )
  if (shown.user === null)
    return (
      <Columns>
        <UnknownPerson user={user} onFound={shown.retry} />
      </Columns>
    )
  return (
    <Columns>
      <div role="status" aria-label={t('common.loading')}>
        <Skeleton className="mb-4 h-48 rounded-lg" />
        <Skeleton className="h-12 rounded-md" />
      </div>
    </Columns>
  )
}

/** Not indexed yet: the indexer can be asked to look the key up. */
function UnknownPerson({ user, onFound }: { user: string; onFound: () => void }) {
  const t = useT()
  const api = useApi()
  const [state, setState] = useState<'idle' | 'looking' | 'none' | 'found' | 'failed'>('idle')

  async function look() {
    setState('looking')
    try {
      const { status } = await api.ingest.put.mutate({ userId: user })
      setState(status === 'no_homeserver' ? 'none' : 'found')
      onFound()
    } catch {
      setState('failed')
    }
  }

  return (
    <EmptyState
      icon={<Radar size={28} aria-hidden />}
      title={t('profile.missingTitle')}
      action={
        <Button busy={state === 'looking'} onClick={() => void look()}>
          {t(state === 'looking' ? 'profile.looking' : 'profile.look')}
        </Button>
      }
    >
      <p>{t('profile.missingText')}</p>
      <p role="status" className="mt-2 font-medium text-fg">
        {state === 'none' ? t('profile.lookNone') : null}
        {state === 'found' ? t('profile.lookFound') : null}
        {state === 'failed' ? t('profile.lookFailed') : null}
      </p>
    </EmptyState>
  )
}

function ProfileTabs({ user, tab, own }: { user: UserView; tab: ProfileTab; own: boolean }) {
  const t = useT()
  const unread = useUnread()
  const { counts } = user
  const base = own ? '/profile' : `/profile/${user.details.id}`
  const tabs: TabLink[] = [
    {
      href: own ? `${base}/posts` : base,
      label: t('profile.tabPosts'),
      count: counts.posts - counts.replies,
    },
    { href: `${base}/replies`, label: t('profile.tabReplies'), count: counts.replies },
    { href: `${base}/tagged`, label: t('profile.tabTagged'), count: counts.unique_tags },
    { href: `${base}/followers`, label: t('profile.tabFollowers'), count: counts.followers },
    { href: `${base}/following`, label: t('profile.tabFollowing'), count: counts.following },
    { href: `${base}/friends`, label: t('profile.tabFriends'), count: counts.friends },
  ]
  if (own)
    tabs.unshift({
      href: base,
      label: t('profile.tabNotifications'),
      ...(unread > 0 && { count: unread }),
    })
  const isFirst = tab === (own ? 'notifications' : 'posts')
  return <Tabs label={t('profile.tabs')} tabs={tabs} current={isFirst ? base : `${base}/${tab}`} />
}

function TabContent({ user, tab, own }: { user: UserView; tab: ProfileTab; own: boolean }) {
  const t = useT()
  const { id } = user.details
  const people = <Users size={28} aria-hidden />
  switch (tab) {
    case 'notifications':
      return <Notifications />
    case 'posts':
      return (
        <PostFeed
          stream={{ source: 'author', authorId: id }}
          label={t('profile.tabPosts')}
          empty={<NothingPosted own={own} />}
        />
      )
    case 'replies':
      return (
        <PostFeed
          stream={{ source: 'author_replies', authorId: id }}
          label={t('profile.tabReplies')}
          empty={
            <EmptyState
              icon={<Feather size={28} aria-hidden />}
              title={t('profile.repliesEmpty')}
            />
          }
        />
      )
    case 'tagged':
      return <Tagged user={user} />
    case 'followers':
      return (
        <PeopleList
          source="followers"
          userId={id}
          label={t('profile.tabFollowers')}
          empty={
            <EmptyState icon={people} title={t('profile.followersEmpty')}>
              {own ? t('profile.followersEmptyOwn') : null}
            </EmptyState>
          }
        />
      )
    case 'following':
      return (
        <PeopleList
          source="following"
          userId={id}
          label={t('profile.tabFollowing')}
          empty={
            <EmptyState
              icon={people}
              title={t('profile.followingEmpty')}
              action={own ? <FindPeople /> : null}
            >
              {own ? t('profile.followingEmptyOwn') : null}
            </EmptyState>
          }
        />
      )
    case 'friends':
      return (
        <PeopleList
          source="friends"
          userId={id}
          label={t('profile.tabFriends')}
          empty={
            <EmptyState icon={people} title={t('profile.friendsEmpty')}>
              {t('profile.friendsEmptyText')}
            </EmptyState>
          }
        />
      )
  }
}

function NothingPosted({ own }: { own: boolean }) {
  const t = useT()
  const compose = useCompose()
  return (
    <EmptyState
      icon={<Feather size={28} aria-hidden />}
      title={t('profile.postsEmpty')}
      action={
        own ? (
          <Button look="brand" onClick={() => compose({ mode: 'post' })}>
            {t('profile.write')}
          </Button>
        ) : null
      }
    >
      {own ? t('profile.postsEmptyOwn') : null}
    </EmptyState>
  )
}

function FindPeople() {
  const t = useT()
  return (
    <Link href="/who-to-follow" className={buttonClass('brand')}>
      {t('common.whoToFollow')}
    </Link>
  )
}

function TaggedAs({ user }: { user: UserView }) {
  const t = useT()
  return (
    <section>
      <h2 className="mb-3 text-base">{t('profile.taggedAs')}</h2>
      {user.tags.length === 0 ? (
        <p className="mb-3 text-sm text-mute">{t('profile.taggedNobody')}</p>
      ) : null}
      <PostTags target={user.details.id} tags={user.tags} most={5} />
    </section>
  )
}
