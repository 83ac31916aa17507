'use client'

import { type ReactNode, useEffect } from 'react'

declare global {
  interface Window {
    earlyClicks?: { pressed: Map<Event, Element>; stop: () => void }
  }
}

/** Runs before anything else: remembers what is pressed before the page has come to life. */
const KEEP = `{
const pressed = new Map()
const keep = (event) => {
  const button = event.button === 0 && event.target.closest('button')
  if (button && ![...pressed.values()].includes(button)) pressed.set(event, button)
}
addEventListener('click', keep, true)
earlyClicks = { pressed, stop: () => removeEventListener('click', keep, true) }
}`

/** A button works as soon as it is seen: what was pressed too early is pressed again. */
export function EarlyClicks(props: { nonce: string | undefined; children: ReactNode }) {
  useEffect(() => {
    const early = window.earlyClicks
    delete window.earlyClicks
    early?.stop()
    // After the effects of everything around, which the buttons count on.
    const timer = setTimeout(() => {
      for (const button of early?.pressed.values() ?? [])
        if (button instanceof HTMLElement && button.isConnected) button.click()
    })
    return () => clearTimeout(timer)
  }, [])
  return (
    <>
      <script
        nonce={props.nonce}
        suppressHydrationWarning
        // biome-ignore lint/security/noDangerouslySetInnerHtml: a constant of ours.
        dangerouslySetInnerHTML={{ __html: KEEP }}
      />
      <div
        className="contents"
        // What arrives here has come to life in time and is not to be pressed again.
        onClickCapture={({ nativeEvent }) => window.earlyClicks?.pressed.delete(nativeEvent)}
      >
        {props.children}
      </div>
    </>
  )
}
