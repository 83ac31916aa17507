'use client'

import { X } from 'lucide-react'
import { type KeyboardEvent, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import { cleanLabel } from '../../state/actions.ts'
import { tagStyle } from '../../ui/tag-colour.ts'
import { showToast } from '../../ui/toast.tsx'

const MOST = 5

/** Tags that go with a new post: Enter, comma or space adds one, Backspace takes the last away. */
export function TagsField({
  tags,
  onChange,
}: {
  tags: string[]
  onChange: (tags: string[]) => void
}) {
  const t = useT()
  const [text, setText] = useState('')

  function add() {
    if (text.trim() === '') return
    const label = cleanLabel(text)
    if (!label) return showToast('bad', t('post.tagInvalid'))
    if (!tags.includes(label)) onChange([...tags, label].slice(0, MOST))
    setText('')
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing || event.ctrlKey || event.metaKey) return
    if (event.key === 'Enter' || event.key === ',' || event.key === ' ') {
      event.preventDefault()
      add()
    } else if (event.key === 'Backspace' && text === '') onChange(tags.slice(0, -1))
  }

  return (
    <div className="mt-3 flex flex-wrap items-center gap-1.5">
      {tags.map((label) => (
        <span
          key={label}
          style={tagStyle(label)}
          className="tag inline-flex h-8 items-center gap-1 rounded-md ps-2.5 pe-1 text-sm font-semibold"
        >
          {label}
          <button
            type="button"
            aria-label={t('composer.removeTag', { label })}
            onClick={() => onChange(tags.filter((one) => one !== label))}
            className="touch grid size-6 place-items-center rounded-sm hover:bg-bg/30"
          >
            <X size={14} aria-hidden />
          </button>
        </span>
      ))}
      {tags.length < MOST ? (
        <input
          // biome-ignore lint/a11y/noAutofocus: the person just asked for this field.
          autoFocus
          value={text}
          aria-label={t('composer.tagsAdd')}
          placeholder={t('post.tagPlaceholder')}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          onBlur={add}
          className="h-8 w-36 rounded-md border border-dashed border-line-strong bg-transparent px-2.5 text-sm outline-none focus:border-brand-text"
        />
      ) : null}
    </div>
  )
}
