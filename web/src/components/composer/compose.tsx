'use client'

import {
  createContext,
  type ReactNode,
  Suspense,
  use,
  useCallback,
  useEffect,
  useState,
} from 'react'
import { useViewer } from '../../state/session/viewer.tsx'
import type { PostKeyText } from '../../state/views.ts'
import { part } from '../../ui/part.ts'
import { useJoin } from '../join.tsx'

const ComposeDialog = part(() => import('./compose-dialog.tsx').then((m) => m.ComposeDialog))
const TagsDialog = part(() => import('./tags-dialog.tsx').then((m) => m.TagsDialog))

export type WriteRequest =
  | { mode: 'post'; text?: string; slot?: string }
  | { mode: 'reply' | 'repost' | 'edit'; target: PostKeyText; slot?: string }

export type ComposeRequest = WriteRequest | { mode: 'tags'; target: PostKeyText }

const ComposeContext = createContext<(request: ComposeRequest) => void>(() => {})

/** What the address asks to be written: a shortcut of the installed app, or something shared with it. */
function takeShared(): string | null {
  const url = new URL(location.href)
  const { searchParams: asked } = url
  const words = ['title', 'text', 'url'].map((name) => asked.get(name)?.trim() ?? '')
  if (url.pathname !== '/home' || (!asked.has('compose') && !words.some(Boolean))) return null
  history.replaceState(history.state, '', url.pathname)
  return [...new Set(words)].filter(Boolean).join('\n')
}

/** Holds the one dialog in which posts are written; it is loaded when it is first asked for. */
export function ComposeProvider({ children }: { children: ReactNode }) {
  const { id: viewer } = useViewer()
  const join = useJoin()
  const [request, setRequest] = useState<ComposeRequest | null>(null)
  const open = useCallback(
    (next: ComposeRequest) => {
      if (viewer === null && next.mode !== 'tags') join()
      else setRequest(next)
    },
    [viewer, join],
  )
  const close = () => setRequest(null)

  useEffect(() => {
    const shared = takeShared()
    if (shared !== null) open({ mode: 'post', text: shared, slot: `post#${Date.now()}` })
  }, [open])

  return (
    <ComposeContext value={open}>
      {children}
      {request ? (
        <Suspense>
          {request.mode === 'tags' ? (
            <TagsDialog target={request.target} onClose={close} />
          ) : (
            <ComposeDialog request={request} onClose={close} />
          )}
        </Suspense>
      ) : null}
    </ComposeContext>
  )
}

/** Opens the dialog to post, reply, repost, edit or tag; guests are asked to join. */
export function useCompose(): (request: ComposeRequest) => void {
  return use(ComposeContext)
}
