'use client'

import { useRouter } from 'next/navigation'
import { Suspense, useEffect, useRef, useState } from 'react'
import { splitKey } from '../../state/views.ts'
import { part } from '../../ui/part.ts'
import { useCompose } from '../composer/compose.tsx'
import { announceNavigation } from './navigating.ts'
import { type Command, createKeyReader } from './shortcut-keys.ts'
import { hasShortcuts, onShortcutHelp } from './shortcut-setting.ts'

const ShortcutDialog = part(() => import('./shortcut-dialog.tsx').then((m) => m.ShortcutDialog))

const ROOM_ABOVE_PX = 80

function posts(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('#content [data-post]')].filter(
    (node) => node.offsetParent !== null,
  )
}

/** The post that has the focus, or else the first one that begins on the screen. */
function current(all: readonly HTMLElement[]): HTMLElement | null {
  const focused = document.activeElement?.closest<HTMLElement>('[data-post]')
  if (focused && all.includes(focused)) return focused
  const begins = (node: HTMLElement) => node.getBoundingClientRect().top >= ROOM_ABOVE_PX - 8
  return all.find(begins) ?? all.at(-1) ?? null
}

function move(step: 1 | -1): void {
  const all = posts()
  const from = document.activeElement?.closest<HTMLElement>('[data-post]')
  const at = from ? all.indexOf(from) : -1
  const first = current(all)
  const next = at === -1 ? first : all[at + step]
  if (!next) return
  if (next.tabIndex < 0) next.tabIndex = -1
  next.focus({ preventScroll: true })
  // Its top always at the same height.
  scrollBy({ top: next.getBoundingClientRect().top - ROOM_ABOVE_PX, behavior: 'instant' })
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  )
}

/** Keys for everything (spec/web-app.md 20.3); off while somebody types or a dialog is open. */
export function Shortcuts() {
  const router = useRouter()
  const compose = useCompose()
  const [showsHelp, setShowsHelp] = useState(false)
  const latest = useRef<(event: KeyboardEvent) => void>(() => {})
  const [read] = useState(createKeyReader)

  function go(href: string): void {
    announceNavigation(href)
    router.push(href)
  }

  function press(post: HTMLElement, name: string): void {
    post.querySelector<HTMLElement>(`[data-act="${name}"]`)?.click()
  }

  /** Returns false when there is nothing to do it with. */
  function run(command: Command): boolean {
    switch (command) {
      case 'help':
        setShowsHelp(true)
        return true
      case 'next':
      case 'previous':
        move(command === 'next' ? 1 : -1)
        return true
      case 'newPost':
        compose({ mode: 'post' })
        return true
      case 'search': {
        const field = document.querySelector<HTMLInputElement>('input[type="search"]')
        if (field?.offsetParent) field.focus()
        else go('/search')
        return true
      }
      case 'newest': {
        const news = document.querySelector<HTMLElement>('[data-act="news"]')
        if (news) news.click()
        else scrollTo({ top: 0, behavior: 'smooth' })
        return true
      }
    }
    const post = current(posts())
    const key = post?.dataset.post
    if (!post || !key) return false
    switch (command) {
      case 'open':
        go(`/post/${splitKey(key).join('/')}`)
        return true
      case 'author':
        go(`/profile/${splitKey(key)[0]}`)
        return true
      case 'edit':
        if (post.dataset.editable) compose({ mode: 'edit', target: key })
        return true
      default:
        press(post, command)
        return true
    }
  }

  useEffect(() => {
    latest.current = (event) => {
      const { key, target } = event
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
      if (event.defaultPrevented || isTyping(target) || event.repeat) return
      if (document.querySelector('dialog[open], [role="menu"]')) return
      // Enter belongs to what has the focus, unless that is a post itself.
      if (key === 'Enter' && !(target instanceof HTMLElement && target.dataset.post)) return
      if (key !== '?' && !hasShortcuts()) return
      const found = read(key)
      if (!found) return
      if ('go' in found) go(found.go)
      else if (!run(found.command)) return
      event.preventDefault()
    }
  })

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => latest.current(event)
    addEventListener('keydown', onKeyDown)
    const stop = onShortcutHelp(() => setShowsHelp(true))
    return () => {
      removeEventListener('keydown', onKeyDown)
      stop()
    }
  }, [])

  if (!showsHelp) return null
  return (
    <Suspense>
      <ShortcutDialog onClose={() => setShowsHelp(false)} />
    </Suspense>
  )
}
