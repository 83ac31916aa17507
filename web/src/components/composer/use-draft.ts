import { useEffect, useId, useRef, useState } from 'react'
import {
  type DraftContent,
  draftSlot,
  dropDraft,
  keepLastWords,
  parseSlot,
  readDraft,
  saveDraft,
  subscribeDrafts,
} from '../../state/drafts.ts'

const REST_MS = 1000

interface DraftOptions {
  /** Whose; null keeps nothing. */
  user: string | null
  slot: string
  content: DraftContent
  /** Nothing in it that would be missed. */
  isEmpty: boolean
  /** Puts a draft into the composer. */
  adopt: (content: DraftContent) => void
  /** Whether somebody writes in this composer right now. */
  isBusy: () => boolean
}

interface KeptDraft {
  /** A draft from earlier stands in the composer. */
  restored: boolean
  /** Sent, or not wanted any more. */
  drop: (content?: DraftContent) => void
}

/**
 * Keeps what is written after a second of rest and when the page goes away, and brings it back. Other
 * composers of the same slot follow while nobody writes in them.
 */
export function useDraft(o: DraftOptions): KeptDraft {
  const { user, slot, content, isEmpty } = o
  const source = useId()
  const latest = useRef(o)
  const kept = useRef<DraftContent | null>(null)
  const isReady = useRef(false)
  /** Sent: while it still stands in the composer it is not a draft. */
  const over = useRef<DraftContent | null>(null)
  const [restored, setRestored] = useState(false)
  useEffect(() => {
    latest.current = o
    if (over.current && !isSame(over.current, o.content)) over.current = null
  })

  const flush = useRef(({ leaves = false } = {}) => {
    const { user, slot, content, isEmpty } = latest.current
    // What was written before anything kept was read is worth no less: who leaves does not wait for it.
    if (user === null || (!isReady.current && !leaves)) return
    if (isSame(over.current, content) || isSame(kept.current, content)) return
    const had = kept.current !== null
    kept.current = isEmpty ? null : content
    // A full disk only means that nothing is kept.
    if (!isEmpty) saveDraft(user, slot, content, source).catch(() => {})
    else if (had) dropDraft(user, slot, source).catch(() => {})
  })

  useEffect(() => {
    if (user === null) return
    let gone = false
    isReady.current = false
    async function look(first: boolean) {
      const draft = user === null ? undefined : await readDraft(user, slot)
      const found = draft && { text: draft.text, tags: draft.tags, uploads: draft.uploads ?? [] }
      if (gone) return
      const { content, isEmpty, isBusy, adopt } = latest.current
      // Words typed before the page had come to life take the place of others, which stay beside them.
      if (user !== null && first && !isEmpty && found && !isAlike(found, content))
        await saveDraft(user, besides(slot), found, source)
      if (gone) return
      if (first ? isEmpty : !isBusy()) {
        if (found) kept.current = found
        if (found || !first) adopt(found ?? { text: '', tags: [], uploads: [] })
        setRestored(first && found !== undefined)
      }
      isReady.current = true
    }
    look(true).catch(() => {})
    const stop = subscribeDrafts((change) => {
      const isOurs = change.user === user && change.slot === slot
      if (isOurs && change.source !== source) look(false).catch(() => {})
    })
    return () => {
      gone = true
      stop()
    }
  }, [user, slot, source])

  // biome-ignore lint/correctness/useExhaustiveDependencies: each change starts a new rest.
  useEffect(() => {
    const timer = setTimeout(() => flush.current(), REST_MS)
    return () => clearTimeout(timer)
  }, [content.text, content.tags, content.uploads, isEmpty])

  useEffect(() => {
    const keep = flush.current
    const onHide = () => document.visibilityState === 'hidden' && keep()
    const onLeave = () => {
      const { user, slot, content, isEmpty } = latest.current
      const isKept = isSame(over.current, content) || isSame(kept.current, content)
      if (user !== null && !isKept && (kept.current || !isEmpty)) keepLastWords(user, slot, content)
      keep({ leaves: true })
    }
    document.addEventListener('visibilitychange', onHide)
    addEventListener('pagehide', onLeave)
    return () => {
      document.removeEventListener('visibilitychange', onHide)
      removeEventListener('pagehide', onLeave)
      keep({ leaves: true })
    }
  }, [])

  return {
    restored,
    drop(content = latest.current.content) {
      over.current = content
      kept.current = null
      setRestored(false)
      if (user !== null) dropDraft(user, slot, source).catch(() => {})
    },
  }
}

function isAlike(a: DraftContent, b: DraftContent): boolean {
  return (
    a.text === b.text && a.tags.join() === b.tags.join() && a.uploads.length === b.uploads.length
  )
}

function besides(slot: string): string {
  const { mode = 'post', target = null } = parseSlot(slot) ?? {}
  return draftSlot(mode, target, String(Date.now()))
}

function isSame(a: DraftContent | null, b: DraftContent): boolean {
  return a !== null && a.text === b.text && a.tags === b.tags && a.uploads === b.uploads
}
