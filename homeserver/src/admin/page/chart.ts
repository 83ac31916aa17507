import { h, svg } from './dom.ts'
import { count, niceCeiling } from './format.ts'
import type { Bucket, Writes } from './types.ts'

const WIDE = 720
const NARROW = 340
const HEIGHT = 220
const LEFT = 44
const BOTTOM = 24
const TOP = 10

function timeLabel(at: string, stepSeconds: number): string {
  const date = new Date(at)
  const isDay = stepSeconds >= 4 * 3600
  return isDay
    ? date.toLocaleDateString('en', { day: 'numeric', month: 'short' })
    : date.toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit', hour12: false })
}

function describe({ at, puts, deletes, users }: Bucket): string {
  const when = new Date(at).toLocaleString('en', {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  })
  return `${when}: ${count(puts)} written, ${count(deletes)} deleted by ${count(users)} people`
}

/** Bars over time: what was written, with what was deleted on top. */
export function writesChart({ buckets, step_seconds }: Writes, told: HTMLElement): SVGElement {
  const isNarrow = matchMedia('(max-width: 760px)').matches
  const width = isNarrow ? NARROW : WIDE
  const top = niceCeiling(Math.max(...buckets.map(({ puts, deletes }) => puts + deletes)))
  const plot = HEIGHT - BOTTOM - TOP
  const step = (width - LEFT) / Math.max(1, buckets.length)
  const y = (value: number) => TOP + plot - (value / top) * plot
  const chart = svg('svg', {
    viewBox: `0 0 ${width} ${HEIGHT}`,
    class: 'chart',
    role: 'img',
    'aria-label': `Files written and deleted; at most ${count(top)} in one bar`,
  })
  for (const part of [0, 0.5, 1]) {
    const at = String(y(top * part))
    chart.append(
      svg('line', { x1: String(LEFT), x2: String(width), y1: at, y2: at, class: 'grid' }),
      svg('text', { x: String(LEFT - 8), y: at, class: 'axis end' }, count(top * part)),
    )
  }
  const every = Math.ceil(buckets.length / (isNarrow ? 4 : 8))
  buckets.forEach((bucket, index) => {
    const x = LEFT + index * step
    const total = bucket.puts + bucket.deletes
    const bar = { x: String(x + step * 0.14), width: String(step * 0.72), rx: '1.5' }
    const written = y(bucket.puts)
    const group = svg('g', { class: 'bar' })
    group.append(
      svg('rect', {
        x: String(x),
        y: String(TOP),
        width: String(step),
        height: String(plot),
        class: 'hit',
      }),
      svg('rect', {
        ...bar,
        y: String(written),
        height: String(TOP + plot - written),
        class: 'puts',
      }),
      svg('rect', {
        ...bar,
        y: String(y(total)),
        height: String(written - y(total)),
        class: 'deletes',
      }),
    )
    group.addEventListener('pointerenter', () => {
      told.textContent = describe(bucket)
    })
    chart.append(group)
    if (index % every === 0)
      chart.append(
        svg(
          'text',
          { x: String(x), y: String(HEIGHT - 6), class: 'axis' },
          timeLabel(bucket.at, step_seconds),
        ),
      )
  })
  return chart
}

/** What the chart says, for those who do not see it. */
export function writesTable({ buckets }: Writes): HTMLElement {
  const rows = buckets
    .filter(({ puts, deletes }) => puts + deletes > 0)
    .map((bucket) => h('li', {}, describe(bucket)))
  return h(
    'ul',
    { class: 'unseen' },
    ...(rows.length > 0 ? rows : [h('li', {}, 'Nothing was written.')]),
  )
}
