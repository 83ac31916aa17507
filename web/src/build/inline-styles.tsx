'use client'

import { useServerInsertedHTML } from 'next/navigation'
import { useRef } from 'react'

/** The build puts the styles into its place, in what the server runs (`after-compile.ts`). */
const STYLES = '/*! the styles of every page */'

/**
 * The styles stand in the page itself, so that its first paint waits for nothing else. Next would write
 * them twice: into the head and into the data from which the page comes to life.
 */
export function InlineStyles() {
  const written = useRef(false)
  useServerInsertedHTML(() => {
    if (written.current) return null
    written.current = true
    return <style>{STYLES}</style>
  })
  return null
}
