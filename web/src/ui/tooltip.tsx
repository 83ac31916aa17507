'use client'

import { type ReactNode, useId, useState } from 'react'

/** Shows `text` beside its child on hover and focus; Esc hides it. The child must be focusable. */
export function Tooltip({ text, children }: { text: string; children: ReactNode }) {
  const [shown, setShown] = useState(false)
  const id = useId()
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: listens for the focusable child it wraps.
    <span
      className="relative inline-flex"
      aria-describedby={shown ? id : undefined}
      onPointerEnter={() => setShown(true)}
      onPointerLeave={() => setShown(false)}
      onFocus={() => setShown(true)}
      onBlur={() => setShown(false)}
      onKeyDown={(event) => event.key === 'Escape' && setShown(false)}
    >
      {children}
      {shown ? (
        <span
          id={id}
          role="tooltip"
          className="absolute bottom-full left-1/2 z-50 mb-2 w-max max-w-64 -translate-x-1/2 animate-fade rounded-md bg-fg px-2.5 py-1 text-xs font-medium text-bg shadow-pop"
        >
          {text}
        </span>
      ) : null}
    </span>
  )
}
