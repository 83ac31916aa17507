import { useLayoutEffect, useState } from 'react'

function fieldOf(id: string): HTMLInputElement | HTMLTextAreaElement | null {
  if (typeof document === 'undefined') return null
  const node = document.getElementById(id)
  return node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement ? node : null
}

/** Looks once, when the page comes to life and before it is painted as such. */
export function useComingToLife(look: () => void): void {
  const [lookOnce] = useState(() => look)
  useLayoutEffect(lookOnce, [lookOnce])
}

/**
 * For every text field that the server may render: what was typed before the page came to life stays where
 * it is, and the state learns of it. It is kept nowhere else, since it may be a secret; and the form around it
 * says `method="dialog"`, which does nothing on a page, so that Enter does not load it anew.
 */
export function useEarly(id: string, value: string, onChange: (value: string) => void): void {
  // Looks while the page is being taken over: React then sets a textarea back to what the server sent.
  const [early] = useState(() => {
    const field = fieldOf(id)
    return field && { text: field.value, from: field.selectionStart, to: field.selectionEnd }
  })
  useComingToLife(() => {
    const field = fieldOf(id)
    if (!early || !field) return
    if (field.value === value && early.text !== value) {
      field.value = early.text
      field.setSelectionRange(early.from, early.to)
    }
    if (field.value !== value) onChange(field.value)
  })
}

/** The same for a file that was chosen too early. */
export function useEarlyFile(id: string, onChange: (file: File) => void): void {
  useComingToLife(() => {
    const field = fieldOf(id)
    const file = field instanceof HTMLInputElement ? field.files?.[0] : undefined
    if (file) onChange(file)
  })
}
