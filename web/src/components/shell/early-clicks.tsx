'use client'

import { useEffect } from 'react'

declare global {
  interface Window {
    earlyClicks?: { buttons: Element[]; stop: () => void }
  }
}

/** Runs before anything else: remembers what is pressed before the page has come to life. */
const KEEP = `{
const buttons = []
const keep = ({ target, button }) => {
  const pressed = button === 0 && target.closest('button')
  if (pressed && !buttons.includes(pressed)) buttons.push(pressed)
}
addEventListener('click', keep, true)
earlyClicks = { buttons, stop: () => removeEventListener('click', keep, true) }
}`

/** A button works as soon as it is seen: what was pressed too early is pressed again. */
export function EarlyClicks({ nonce }: { nonce: string | undefined }) {
  useEffect(() => {
    const early = window.earlyClicks
    delete window.earlyClicks
    early?.stop()
    // After the effects of everything around, which the buttons count on.
    const timer = setTimeout(() => {
      for (const button of early?.buttons ?? [])
        if (button instanceof HTMLElement && button.isConnected) button.click()
    })
    return () => clearTimeout(timer)
  }, [])
  return (
    <script
      nonce={nonce}
      suppressHydrationWarning
      // biome-ignore lint/security/noDangerouslySetInnerHtml: a constant of ours.
      dangerouslySetInnerHTML={{ __html: KEEP }}
    />
  )
}
