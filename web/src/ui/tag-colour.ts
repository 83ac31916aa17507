import type { CSSProperties } from 'react'

const FIXED: Readonly<Record<string, string>> = {
  bitcoin: '#FF9900',
  synonym: '#FF6600',
  bitkit: '#FF4400',
  pubky: '#C8FF00',
  blocktank: '#FFAE00',
  tether: '#26A17B',
}

const PATTERNS = [
  (x: string) => `#FF00${x}`,
  (x: string) => `#FF${x}00`,
  (x: string) => `#${x}FF00`,
  (x: string) => `#${x}00FF`,
  (x: string) => `#00${x}FF`,
  (x: string) => `#00FF${x}`,
]

/** The colour of a tag, the same in every client (spec/web-app.md 4). */
export function tagColour(label: string): string {
  const fixed = Object.hasOwn(FIXED, label) ? FIXED[label] : undefined
  if (fixed) return fixed
  let hash = 0
  for (let at = 0; at < label.length; at += 1)
    hash = (label.charCodeAt(at) + ((hash << 5) - hash)) | 0
  const positive = Math.abs(hash)
  const x = (positive & 255).toString(16).padStart(2, '0').toUpperCase()
  return (PATTERNS[positive % 6] ?? PATTERNS[0])?.(x) ?? '#C8FF00'
}

/** For an element of class `tag`, which mixes the colour so that text on it keeps its contrast. */
export function tagStyle(label: string): CSSProperties {
  return { ['--tag' as string]: tagColour(label) }
}
