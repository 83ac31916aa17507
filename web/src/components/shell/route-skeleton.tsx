'use client'

import { useT } from '../../i18n/client.tsx'
import { PostSkeleton, Skeleton, UserSkeleton } from '../../ui/skeleton.tsx'
import { Columns } from './columns.tsx'

const THREE = ['a', 'b', 'c']
const MENU = ['w-28', 'w-24', 'w-20', 'w-28', 'w-16']

function Menu() {
  return (
    <div className="grid gap-3 ps-4 pt-3">
      {MENU.map((width, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they never change.
        <Skeleton key={at} className={`h-4 ${width}`} />
      ))}
    </div>
  )
}

function People() {
  return (
    <>
      <Skeleton className="mb-3 h-4 w-28" />
      {THREE.map((key) => (
        <UserSkeleton key={key} />
      ))}
    </>
  )
}

function Content({ screen }: { screen: string }) {
  switch (screen) {
    case 'post':
      return (
        <div className="grid gap-4">
          <PostSkeleton />
          <Skeleton className="h-20 rounded-lg" />
          <PostSkeleton />
        </div>
      )
    case 'profile':
      return (
        <div className="grid gap-4">
          <Skeleton className="h-48 rounded-lg" />
          <Skeleton className="h-11 rounded-md" />
          <PostSkeleton />
        </div>
      )
    case 'who-to-follow':
      return (
        <>
          <Skeleton className="mb-5 h-7 w-44" />
          {[...THREE, ...THREE].map((key, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: they never change.
            <UserSkeleton key={`${key}${at}`} />
          ))}
        </>
      )
    case 'settings':
      return (
        <div className="grid gap-4">
          <Skeleton className="h-7 w-32" />
          <Skeleton className="h-36 rounded-lg" />
          <Skeleton className="h-28 rounded-lg" />
        </div>
      )
    default:
      return (
        <div className="grid gap-4">
          <Skeleton className="h-20 rounded-lg" />
          {THREE.map((key) => (
            <PostSkeleton key={key} />
          ))}
        </div>
      )
  }
}

/** The shape of a page that is on its way. */
export function RouteSkeleton({ path }: { path: string }) {
  const t = useT()
  const [, screen = ''] = path.split('/')
  const hasMenu = screen === 'home' || screen === 'settings'
  return (
    <Columns {...(hasMenu && { start: <Menu /> })} end={screen === 'settings' ? null : <People />}>
      <div role="status" aria-label={t('common.loading')}>
        <Content screen={screen} />
      </div>
    </Columns>
  )
}
