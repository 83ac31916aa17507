'use client'

import { useRouter } from 'next/navigation'
import { useEffect } from 'react'
import { splitKey } from '../../state/views.ts'
import { announceNavigation } from './navigating.ts'

const OWN_ACTION =
  'a, button, input, textarea, select, label, summary, video, audio, dialog, [role="menu"]'
const MIDDLE = 1

/** The page of the post that was pressed where nothing has an action of its own. */
function postAt({ target }: MouseEvent): string | null {
  if (!(target instanceof Element) || target.closest(OWN_ACTION)) return null
  const card = target.closest<HTMLElement>('#content :is([data-post], [data-quoted])')
  const key = card?.dataset.quoted ?? card?.dataset.post
  const href = key ? `/post/${splitKey(key).join('/')}` : null
  return href === location.pathname ? null : href
}

/** An empty place of a card opens its post (spec/web-app.md 8); text can be selected as anywhere. */
export function OpenPosts() {
  const router = useRouter()
  useEffect(() => {
    function onClick(event: MouseEvent): void {
      const href = event.defaultPrevented ? null : postAt(event)
      if (!href || getSelection()?.isCollapsed === false) return
      if (event.ctrlKey || event.metaKey || event.shiftKey)
        return void open(href, '_blank', 'noopener')
      announceNavigation(href)
      router.push(href)
    }
    function onAuxClick(event: MouseEvent): void {
      const href = event.button === MIDDLE ? postAt(event) : null
      if (href) open(href, '_blank', 'noopener')
    }
    document.addEventListener('click', onClick)
    document.addEventListener('auxclick', onAuxClick)
    return () => {
      document.removeEventListener('click', onClick)
      document.removeEventListener('auxclick', onAuxClick)
    }
  }, [router])
  return null
}
