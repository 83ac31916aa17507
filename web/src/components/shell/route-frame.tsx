'use client'

import { usePathname } from 'next/navigation'
import { type ReactNode, useEffect, useState } from 'react'
import { onNavigation } from './navigating.ts'
import { RouteSkeleton } from './route-skeleton.tsx'

const PATIENCE_MS = 150
/** Nothing takes that long: the browser has gone another way. */
const LIMIT_MS = 10_000

/** `post` of `/post/…`: pages with the same first part share their frame and need no skeleton. */
function screenOf(path: string): string {
  const [, first = '', second = ''] = path.split('/')
  return first === 'post' || (first === 'profile' && second.length === 52)
    ? `${first}/${second}`
    : first
}

/** Where a press on a link leads, when the app follows it within the page. */
function pathOf(event: MouseEvent): string | null {
  const { target } = event
  const link = target instanceof Element ? target.closest('a') : null
  const isOurs = link && link.origin === location.origin && !link.target
  return isOurs && event.defaultPrevented ? link.pathname : null
}

/** While the next page is on its way, shows that it is coming; never the old one, never nothing. */
export function RouteFrame({ children }: { children: ReactNode }) {
  const pathname = usePathname()
  const [coming, setComing] = useState<{ from: string; path: string } | null>(null)

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null
    const wait = (run: () => void, ms: number) => {
      if (timer) clearTimeout(timer)
      timer = setTimeout(run, ms)
    }
    const expect = (path: string) => {
      if (screenOf(path) === screenOf(pathname)) return
      wait(() => {
        setComing({ from: pathname, path })
        scrollTo({ top: 0, behavior: 'instant' })
        wait(() => setComing(null), LIMIT_MS)
      }, PATIENCE_MS)
    }
    const onClick = (event: MouseEvent) => {
      const path = pathOf(event)
      if (path !== null) expect(path)
    }
    const onBack = () => {
      if (timer) clearTimeout(timer)
      setComing(null)
    }
    // On the window, after the links themselves have been asked.
    addEventListener('click', onClick)
    addEventListener('popstate', onBack)
    const stop = onNavigation(expect)
    return () => {
      stop()
      if (timer) clearTimeout(timer)
      removeEventListener('click', onClick)
      removeEventListener('popstate', onBack)
      setComing(null)
    }
  }, [pathname])

  const shown = coming?.from === pathname ? coming : null
  return (
    <>
      {shown ? <RouteSkeleton path={shown.path} /> : null}
      <div className={shown ? 'hidden' : undefined}>{children}</div>
    </>
  )
}
