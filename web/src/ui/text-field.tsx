'use client'

import { type InputHTMLAttributes, type ReactNode, useId } from 'react'
import { cx } from './cx.ts'
import { useEarly } from './use-early.ts'

interface TextFieldProps
  extends Omit<InputHTMLAttributes<HTMLInputElement>, 'id' | 'value' | 'onChange'> {
  label: string
  value: string
  onChange: (value: string) => void
  hint?: ReactNode
  error?: string | null
  /** A counter or a button at the end of the field. */
  end?: ReactNode
  hideLabel?: boolean
}

const box =
  'w-full rounded-lg border border-line-strong bg-transparent text-base placeholder:text-mute transition-colors hover:border-fg focus-within:border-brand-text'

/** A labelled text input with hint and error, both tied to the field for screen readers. */
export function TextField({
  label,
  value,
  onChange,
  hint,
  error,
  end,
  hideLabel,
  className,
  ...rest
}: TextFieldProps) {
  const id = useId()
  useEarly(id, value, onChange)
  const described = [error ? `${id}-error` : null, hint ? `${id}-hint` : null].filter(Boolean)
  return (
    <div className={className}>
      <label htmlFor={id} className={hideLabel ? 'sr-only' : 'mb-1.5 block text-sm font-semibold'}>
        {label}
      </label>
      <div className={cx(box, 'flex items-center', error && 'border-danger')}>
        <input
          {...rest}
          id={id}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          aria-invalid={error ? true : undefined}
          aria-describedby={described.join(' ') || undefined}
          className="h-12 min-w-0 grow bg-transparent px-4 outline-none"
        />
        {end ? <div className="shrink-0 pe-3 text-xs text-mute tabular-nums">{end}</div> : null}
      </div>
      <FieldNotes id={id} error={error} hint={hint} />
    </div>
  )
}

interface TextAreaProps {
  label: string
  value: string
  onChange: (value: string) => void
  hint?: ReactNode
  error?: string | null
  rows?: number
  placeholder?: string
  maxLength?: number
}

export function TextArea(props: TextAreaProps) {
  const { label, value, onChange, hint, error, rows = 3, placeholder, maxLength } = props
  const id = useId()
  useEarly(id, value, onChange)
  const described = [error ? `${id}-error` : null, hint ? `${id}-hint` : null].filter(Boolean)
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-sm font-semibold">
        {label}
      </label>
      <textarea
        id={id}
        rows={rows}
        value={value}
        placeholder={placeholder}
        maxLength={maxLength}
        onChange={(event) => onChange(event.target.value)}
        aria-invalid={error ? true : undefined}
        aria-describedby={described.join(' ') || undefined}
        className={cx(box, 'block resize-y px-4 py-3 outline-none', error && 'border-danger')}
      />
      <FieldNotes id={id} error={error} hint={hint} />
    </div>
  )
}

function FieldNotes({ id, error, hint }: { id: string; error?: string | null; hint?: ReactNode }) {
  return (
    <>
      {error ? (
        <p id={`${id}-error`} role="alert" className="mt-1.5 text-sm text-danger">
          {error}
        </p>
      ) : null}
      {hint ? (
        <p id={`${id}-hint`} className="mt-1.5 text-sm text-mute">
          {hint}
        </p>
      ) : null}
    </>
  )
}
