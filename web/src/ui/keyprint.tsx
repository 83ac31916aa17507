const ALPHABET = 'ybndrfg8ejkmcpqxot1uwisza345h769'

/** Values of 0 to 31 for the characters of a key; anything else counts as 0. */
function digits(key: string): number[] {
  return [...key].map((char) => Math.max(0, ALPHABET.indexOf(char)))
}

/** Two hues that belong to a key. */
function hues(values: number[]): [number, number] {
  const sum = (from: number, to: number) =>
    values.slice(from, to).reduce((total, value) => (total * 7 + value) % 360, 11)
  const first = sum(0, 26)
  return [first, (first + 40 + (sum(26, 52) % 100)) % 360]
}

interface KeyprintProps {
  userId: string
  className?: string
}

/** The face of a key: a mirrored pattern in two colours, the same for everybody who sees it. */
export function Keyprint({ userId, className }: KeyprintProps) {
  const values = digits(userId)
  const [ground, ink] = hues(values)
  const cells: string[] = []
  for (let row = 0; row < 6; row += 1) {
    for (let column = 0; column < 3; column += 1) {
      const value = values[row * 3 + column + 20] ?? 0
      if (value % 2 === 0) continue
      const round = value % 4 === 1 ? 'h1v1h-1z' : 'h1v1z'
      cells.push(`M${column + 1} ${row + 1}${round}`)
    }
  }
  const path = cells.join('')
  return (
    <svg viewBox="0 0 8 8" aria-hidden className={className} shapeRendering="geometricPrecision">
      <rect width="8" height="8" fill={`oklch(0.34 0.11 ${ground})`} />
      <g fill={`oklch(0.86 0.17 ${ink})`}>
        <path d={path} />
        <path d={path} transform="matrix(-1 0 0 1 8 0)" />
      </g>
    </svg>
  )
}
