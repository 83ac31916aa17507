'use client'

import { type ReactNode, useId } from 'react'
import { cx } from './cx.ts'
import { useComingToLife } from './use-early.ts'

export interface Choice<T extends string> {
  value: T
  label: string
  icon?: ReactNode
  disabled?: boolean
  hint?: string
}

interface ChoicesProps<T extends string> {
  label: string
  value: T
  choices: readonly Choice<T>[]
  onChange: (value: T) => void
  row?: boolean
  /** What is chosen before the page has come to life counts. */
  early?: boolean
}

/** One of several, as radio buttons: a list beside the page, or a row of pills. */
export function Choices<T extends string>(props: ChoicesProps<T>) {
  const { label, value, choices, onChange, row, early } = props
  const name = useId()
  useComingToLife(() => {
    const chosen = early && document.querySelector<HTMLInputElement>(`[name="${name}"]:checked`)
    const choice = chosen && choices.find((one) => one.value === chosen.value)
    if (choice && choice.value !== value) onChange(choice.value)
  })
  return (
    <fieldset>
      <legend className={row ? 'sr-only' : 'px-3 pb-1.5 text-xs font-medium text-mute'}>
        {label}
      </legend>
      <div className={row ? 'flex gap-1 rounded-full bg-raised p-1' : 'grid gap-0.5'}>
        {choices.map((choice) => (
          <label
            key={choice.value}
            title={choice.hint}
            className={cx(
              'flex cursor-pointer items-center gap-2.5 text-sm font-medium transition-colors select-none',
              'has-focus-visible:outline-2 has-focus-visible:outline-brand-text',
              row
                ? 'h-8 min-w-0 grow justify-center overflow-hidden rounded-full px-2 whitespace-nowrap max-sm:text-xs sm:px-3.5'
                : 'h-10 rounded-full px-3',
              choice.disabled && 'cursor-not-allowed opacity-40',
              choice.value === value
                ? row
                  ? 'bg-surface text-fg shadow-sm'
                  : 'bg-raised text-fg'
                : 'text-mute hover:text-fg',
            )}
          >
            <input
              type="radio"
              name={name}
              className="sr-only"
              value={choice.value}
              checked={choice.value === value}
              disabled={choice.disabled}
              onChange={() => onChange(choice.value)}
            />
            {choice.icon}
            {choice.label}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
