/** Small tools for drawing pictures as SVG text: chance that repeats, colours, gradients, outlines. */

export type Random = () => number
export type Point = readonly [number, number]

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export const between = (random: Random, low: number, high: number) => low + random() * (high - low)

const channels = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))

/** The colour a share of the way from one to the other; both `#rrggbb`. */
export function mix(from: string, to: string, share: number): string {
  const end = channels(to)
  const mixed = channels(from).map((c, i) => Math.round(c + ((end[i] ?? c) - c) * share))
  return `#${mixed.map((c) => Math.max(0, Math.min(255, c)).toString(16).padStart(2, '0')).join('')}`
}

export const n = (value: number) => String(Math.round(value * 10) / 10)

export function polygon(points: readonly Point[]): string {
  return `M${points.map(([x, y]) => `${n(x)} ${n(y)}`).join('L')}Z`
}

type Stop = readonly [number, string, number?]

function stops(list: readonly Stop[]): string {
  return list
    .map(
      ([at, colour, opacity = 1]) =>
        `<stop offset="${at}" stop-color="${colour}" stop-opacity="${opacity}"/>`,
    )
    .join('')
}

/** From top to bottom, or along `x1 y1 x2 y2` in shares of the shape. */
export function linear(id: string, list: readonly Stop[], [x1, y1, x2, y2] = [0, 0, 0, 1]): string {
  return `<linearGradient id="${id}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}">${stops(list)}</linearGradient>`
}

export function radial(id: string, list: readonly Stop[], [cx, cy, r] = [0.5, 0.5, 0.5]): string {
  return `<radialGradient id="${id}" cx="${cx}" cy="${cy}" r="${r}">${stops(list)}</radialGradient>`
}

export function blur(id: string, deviation: number): string {
  return `<filter id="${id}" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="${deviation}"/></filter>`
}

export function svg(width: number, height: number, defs: string, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"><defs>${defs}</defs>${body}</svg>`
}

/** The size of a picture in a post. */
export const W = 1200
export const H = 800

export function landscape(defs: readonly string[], parts: readonly string[]): string {
  return svg(W, H, defs.join(''), parts.join(''))
}

/** A line of hills: midpoints displaced again and again, less each time. */
export function ridgeLine(
  random: Random,
  o: { width: number; y: number; rough: number; steps?: number; decay?: number },
): Point[] {
  let points: Point[] = [
    [0, o.y + between(random, -o.rough, o.rough)],
    [o.width, o.y + between(random, -o.rough, o.rough)],
  ]
  let reach = o.rough
  for (let step = 0; step < (o.steps ?? 8); step += 1) {
    points = points.flatMap((point, i) => {
      const next = points[i + 1]
      if (!next) return [point]
      const middle: Point = [
        (point[0] + next[0]) / 2,
        (point[1] + next[1]) / 2 + between(random, -reach, reach),
      ]
      return [point, middle]
    })
    reach *= o.decay ?? 0.52
  }
  return points
}
