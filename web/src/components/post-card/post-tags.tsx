'use client'

import { Check, Plus } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import { cleanLabel, useActions } from '../../state/actions.ts'
import type { TagDetails } from '../../state/views.ts'
import { IconButton } from '../../ui/button.tsx'
import { tagStyle } from '../../ui/tag-colour.ts'
import { showToast } from '../../ui/toast.tsx'

const SHOWN = 3

/** One tag with its number; a press adds or takes away the viewer's own. */
export function TagChip({ tag, onToggle }: { tag: TagDetails; onToggle: (on: boolean) => void }) {
  const t = useT()
  const { label, taggers_count: count, relationship: own } = tag
  return (
    <button
      type="button"
      aria-pressed={own}
      aria-label={t(own ? 'post.tagYours' : 'post.tagCount', { label, count })}
      onClick={() => onToggle(!own)}
      style={tagStyle(label)}
      className="tag touch inline-flex h-8 max-w-full items-center gap-1.5 rounded-md px-2.5 text-sm font-semibold hover:brightness-110"
    >
      {own ? <Check size={14} strokeWidth={3} aria-hidden /> : null}
      <span className="truncate" dir="auto">
        {label}
      </span>
      <span className="font-medium tabular-nums opacity-75">{count}</span>
    </button>
  )
}

interface PostTagsProps {
  /** A post key or a user key. */
  target: string
  tags: readonly TagDetails[]
  /** How many to show; three in cards. */
  most?: number
}

/** The tags of a post or person, and the way to add one. */
export function PostTags({ target, tags, most = SHOWN }: PostTagsProps) {
  const t = useT()
  const { tag } = useActions()
  const [field, setField] = useState<'open' | 'left' | null>(null)
  const shown = tags.slice(0, most)
  // One's own tag is never hidden behind more popular ones.
  const own = tags.slice(most).filter((one) => one.relationship)
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-1.5">
      {[...shown, ...own].map((one) => (
        <TagChip key={one.label} tag={one} onToggle={(on) => tag(target, one.label, on)} />
      ))}
      {field === 'open' ? (
        <AddTag target={target} tags={tags} onDone={(byKey) => setField(byKey ? 'left' : null)} />
      ) : (
        <IconButton
          // The focus was in the field, which has just gone.
          autoFocus={field === 'left'}
          data-act="tag"
          label={t('post.addTag')}
          className="size-8 border border-dashed border-line-strong"
          onClick={() => setField('open')}
        >
          <Plus size={16} aria-hidden />
        </IconButton>
      )}
    </div>
  )
}

interface AddTagProps {
  target: string
  tags: readonly TagDetails[]
  /** By a key: the focus has nowhere else to go. */
  onDone: (byKey: boolean) => void
}

function AddTag(props: AddTagProps) {
  const { target, tags, onDone } = props
  const t = useT()
  const { tag } = useActions()
  const [text, setText] = useState('')

  function onSubmit(event: FormEvent) {
    event.preventDefault()
    if (text.trim() === '') return onDone(true)
    const label = cleanLabel(text)
    if (!label) return showToast('bad', t('post.tagInvalid'))
    if (tags.some((one) => one.label === label && one.relationship))
      return showToast('bad', t('post.tagDuplicate'))
    tag(target, label, true)
    onDone(true)
  }

  return (
    <form onSubmit={onSubmit} className="inline-flex">
      <input
        // biome-ignore lint/a11y/noAutofocus: the person just asked for this field.
        autoFocus
        value={text}
        maxLength={40}
        enterKeyHint="done"
        aria-label={t('post.addTag')}
        placeholder={t('post.tagPlaceholder')}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => text.trim() === '' && onDone(false)}
        onKeyDown={(event) => event.key === 'Escape' && onDone(true)}
        className="h-8 w-32 rounded-md border border-dashed border-line-strong bg-transparent px-2.5 text-sm outline-none focus:border-brand-text"
      />
    </form>
  )
}
