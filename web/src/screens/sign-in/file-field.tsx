'use client'

import type { LucideIcon } from 'lucide-react'
import { useId, useState } from 'react'
import { cx } from '../../ui/cx.ts'
import { useEarlyFile } from '../../ui/use-early.ts'

interface FileFieldProps {
  label: string
  /** Shown until a file was chosen. */
  choose: string
  hint: string
  accept?: string
  icon: LucideIcon
  file: File | null
  onChange: (file: File | null) => void
}

/** One file, chosen or dropped. */
export function FileField(props: FileFieldProps) {
  const { label, choose, hint, accept, icon: Icon, file, onChange } = props
  const id = useId()
  useEarlyFile(id, onChange)
  const [over, setOver] = useState(false)
  return (
    <label
      htmlFor={id}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        onChange(event.dataTransfer.files[0] ?? null)
      }}
      className={cx(
        'flex flex-col items-center gap-2 rounded-lg border border-dashed px-4 py-8 text-center transition-colors',
        'has-focus-visible:outline-2 has-focus-visible:outline-brand-text hover:bg-raised',
        over ? 'border-brand-text bg-brand-veil' : 'border-line-strong',
      )}
    >
      <Icon size={28} aria-hidden className={file ? 'text-brand-text' : 'text-mute'} />
      <span className="max-w-full font-semibold break-words">{file?.name ?? choose}</span>
      <span className="text-sm text-mute">{hint}</span>
      <input
        id={id}
        type="file"
        accept={accept}
        aria-label={label}
        className="sr-only"
        onChange={(event) => onChange(event.target.files?.[0] ?? null)}
      />
    </label>
  )
}
