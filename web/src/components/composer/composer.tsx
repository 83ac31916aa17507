'use client'

import { ImagePlus, Tag } from 'lucide-react'
import { type KeyboardEvent, Suspense, useEffect, useId, useRef, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import { useActions } from '../../state/actions.ts'
import { draftSlot } from '../../state/drafts.ts'
import type { Upload } from '../../state/outbox/actions.ts'
import { errorCode, errorTextKey } from '../../state/session/errors.ts'
import { useViewer } from '../../state/session/viewer.tsx'
import { keyOfPost, type PostKeyText, type PostView } from '../../state/views.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { cx } from '../../ui/cx.ts'
import { part } from '../../ui/part.ts'
import { showToast } from '../../ui/toast.tsx'
import { useEarly } from '../../ui/use-early.ts'
import { UserAvatar } from '../user-avatar.tsx'
import { useDraft } from './use-draft.ts'

const TagsField = part(() => import('./tags-field.tsx').then((m) => m.TagsField))
const DraftsLink = part(() => import('./drafts-link.tsx').then((m) => m.DraftsLink))
const Uploads = part(() => import('./uploads.tsx').then((m) => m.Uploads))

const MOST_CHARACTERS = 2000
const MOST_UPLOADS = 3

export type ComposerMode = 'post' | 'reply' | 'repost' | 'edit'

export interface ComposerProps {
  mode: ComposerMode
  /** The post that is answered or reposted. */
  target?: PostKeyText
  editing?: PostView
  initialText?: string
  /** Where its draft is kept; one per kind and post unless told. */
  slot?: string | undefined
  /** One line until it gets the focus. */
  collapsible?: boolean
  autoFocus?: boolean
  onDirty?: (dirty: boolean) => void
  onDone?: (key: PostKeyText | null) => void
}

const SUBMITS = {
  post: 'composer.send',
  reply: 'composer.reply',
  edit: 'composer.save',
} as const

const PLACEHOLDERS = {
  post: 'composer.placeholder',
  reply: 'composer.replyPlaceholder',
  repost: 'composer.quotePlaceholder',
  edit: 'composer.placeholder',
} as const

/** Where posts, replies, quotes and edits are written. */
export function Composer(props: ComposerProps) {
  const { mode, target, editing, collapsible, autoFocus, onDirty, onDone } = props
  const t = useT()
  const id = useId()
  const { id: viewer } = useViewer()
  const actions = useActions()
  const field = useRef<HTMLTextAreaElement>(null)
  const before = editing?.details.content ?? props.initialText ?? ''
  const [text, setText] = useState(before)
  const [tags, setTags] = useState<string[]>([])
  const [uploads, setUploads] = useState<Upload[]>([])
  /** Pictures that are being read. */
  const [reading, setReading] = useState(0)
  const [showTags, setShowTags] = useState(false)
  const [open, setOpen] = useState(!collapsible)
  const [busy, setBusy] = useState(false)

  const length = [...text.trim()].length
  const tooLong = length > MOST_CHARACTERS
  const hasContent = length > 0 || uploads.length > 0 || mode === 'repost'
  const ready =
    hasContent && !tooLong && !busy && reading === 0 && text !== (editing ? before : null)
  const blank = editing ? before : ''
  const dirty = text !== blank || tags.length > 0 || uploads.length > 0

  const about = target ?? (editing ? keyOfPost(editing) : null)
  const slot = props.slot ?? draftSlot(mode, about)
  const draft = useDraft({
    user: viewer,
    slot,
    content: { text, tags, uploads },
    isEmpty: !dirty,
    isBusy: () => document.activeElement === field.current,
    adopt(kept) {
      setText(kept.text || blank)
      setTags([...kept.tags])
      setUploads([...kept.uploads])
      setShowTags(kept.tags.length > 0)
      if (kept.text || kept.uploads.length > 0) setOpen(true)
    },
  })

  useEffect(() => onDirty?.(dirty), [dirty, onDirty])
  useEarly(id, text, setText)
  useEffect(() => {
    // Typed, or about to be, before the page has come to life.
    if (field.current?.value || document.activeElement === field.current) setOpen(true)
  }, [])
  useEffect(() => {
    if (autoFocus) field.current?.focus()
  }, [autoFocus])

  async function submit() {
    if (!ready) return
    setBusy(true)
    try {
      if (editing) {
        await actions.edit(editing, text)
        draft.drop()
        onDone?.(keyOfPost(editing))
        return
      }
      const relation =
        mode === 'reply' ? { parent: target } : mode === 'repost' ? { embed: target } : {}
      const key = await actions.post({ content: text, tags, uploads, ...relation })
      if (key === null) return
      draft.drop({ text, tags, uploads })
      // What was typed since stays.
      const goesOn = field.current !== null && field.current.value !== text
      if (goesOn) {
        setTags((now) => (now === tags ? [] : now))
        setUploads((now) => (now === uploads ? [] : now))
      } else clear()
      if (collapsible && !goesOn) {
        setOpen(false)
        field.current?.blur()
      }
      onDone?.(key)
    } catch (error) {
      showToast('bad', t(errorTextKey(errorCode(error))))
    } finally {
      setBusy(false)
    }
  }

  function clear() {
    setText(blank)
    setTags([])
    setUploads([])
    setShowTags(false)
  }

  async function addFiles(files: Iterable<File>) {
    const chosen = [...files]
    const most = Math.max(0, MOST_UPLOADS - uploads.length - reading)
    const count = Math.min(most, chosen.length)
    setReading((now) => now + count)
    try {
      const { readUploads } = await import('./read-uploads.ts')
      const { taken, refused } = await readUploads(chosen, most)
      setUploads((now) => [...now, ...taken].slice(0, MOST_UPLOADS))
      for (const { reason, values } of refused) showToast('bad', t(reason, values))
    } finally {
      setReading((now) => now - count)
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    const sends = event.key === 'Enter' && (event.ctrlKey || event.metaKey)
    if (!sends || event.nativeEvent.isComposing) return
    event.preventDefault()
    void submit()
  }

  const submitKey =
    mode === 'repost' ? (length > 0 ? 'composer.quote' : 'composer.repost') : SUBMITS[mode]
  return (
    <form
      className="flex gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault()
        if (!editing) void addFiles(event.dataTransfer.files)
      }}
    >
      {viewer ? <UserAvatar userId={viewer} size={44} className="max-sm:hidden" /> : null}
      <div className="min-w-0 grow">
        <label htmlFor={id} className="sr-only">
          {t('composer.label')}
        </label>
        <textarea
          ref={field}
          data-autofocus={autoFocus || undefined}
          id={id}
          dir="auto"
          rows={open ? 3 : 1}
          value={text}
          placeholder={t(PLACEHOLDERS[mode])}
          aria-invalid={tooLong || undefined}
          aria-describedby={`${id}-count`}
          onFocus={() => {
            setOpen(true)
            void import('../../state/outbox/plan.ts')
          }}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          onPaste={(event) => {
            const { files } = event.clipboardData
            if (files.length === 0 || editing) return
            event.preventDefault()
            void addFiles(files)
          }}
          className={cx(
            'field-sizing-content max-h-[50dvh] w-full resize-none bg-transparent pt-2.5 text-lg leading-relaxed outline-none placeholder:text-mute',
            autoFocus && 'min-h-28',
          )}
        />
        <Suspense>
          {uploads.length + reading > 0 ? (
            <Uploads uploads={uploads} reading={reading} onChange={setUploads} />
          ) : null}
          {showTags ? <TagsField tags={tags} onChange={setTags} /> : null}
        </Suspense>
        {draft.restored && dirty ? (
          <p role="status" className="mt-2 flex items-center gap-2 text-xs text-mute">
            {t('composer.draftRestored')}
            <button
              type="button"
              className="touch font-semibold text-fg underline underline-offset-4"
              onClick={() => {
                draft.drop()
                clear()
              }}
            >
              {t('composer.discard')}
            </button>
          </p>
        ) : null}
        {open ? (
          <div className="mt-3 flex items-center gap-1 border-t pt-3">
            {editing ? null : (
              <>
                <PictureButton
                  disabled={uploads.length + reading >= MOST_UPLOADS}
                  onFiles={(files) => void addFiles(files)}
                />
                <IconButton
                  label={t('composer.tagsAdd')}
                  aria-expanded={showTags}
                  onClick={() => setShowTags(!showTags)}
                >
                  <Tag size={19} aria-hidden />
                </IconButton>
                <Suspense>{viewer ? <DraftsLink user={viewer} slot={slot} /> : null}</Suspense>
              </>
            )}
            <span
              id={`${id}-count`}
              className={cx(
                'ms-auto me-3 text-xs tabular-nums',
                tooLong ? 'font-semibold text-danger' : 'text-mute',
              )}
            >
              {t('composer.counter', { count: length, max: MOST_CHARACTERS })}
              {tooLong ? <span className="sr-only">{t('composer.tooLong')}</span> : null}
            </span>
            <Button type="submit" look="brand" disabled={!ready} busy={busy}>
              {t(submitKey)}
            </Button>
          </div>
        ) : (
          <span id={`${id}-count`} />
        )}
      </div>
    </form>
  )
}

function PictureButton(props: { disabled: boolean; onFiles: (files: Iterable<File>) => void }) {
  const t = useT()
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <IconButton
        label={t('composer.addPicture')}
        disabled={props.disabled}
        onClick={() => input.current?.click()}
        className="-ms-2"
      >
        <ImagePlus size={20} aria-hidden />
      </IconButton>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        accept="image/jpeg,image/png,image/gif,image/webp"
        onChange={(event) => {
          props.onFiles([...(event.target.files ?? [])])
          event.target.value = ''
        }}
      />
    </>
  )
}
