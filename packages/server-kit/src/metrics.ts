type Labels = Readonly<Record<string, string>>

function escape_(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escape_(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** Names a series; much cheaper than its text, which is made once. */
function seriesKey(labels: Labels): string {
  let key = ''
  for (const name in labels) key += `${name}\0${labels[name]}\0`
  return key
}

export interface Counter {
  add(count?: number, labels?: Labels): void
}

export interface Histogram {
  observe(value: number, labels?: Labels): void
}

const MAX_SERIES = 1000
const BUCKETS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]

/** Counters, gauges and histograms in the text form of Prometheus. Label values must be few. */
export function createMetrics(common: Labels = {}) {
  const writers: (() => string[])[] = []

  function counter(name: string, help: string): Counter {
    const series = new Map<string, { text: string; value: number }>()
    writers.push(() => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} counter`,
      ...[...series.values()].map(({ text, value }) => `${name}${text} ${value}`),
    ])
    return {
      add(count = 1, labels = {}) {
        const key = seriesKey(labels)
        const known = series.get(key)
        if (known) known.value += count
        else if (series.size < MAX_SERIES)
          series.set(key, { text: labelText({ ...common, ...labels }), value: count })
      },
    }
  }

  function gauge(name: string, help: string, read: () => number): void {
    writers.push(() => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} gauge`,
      `${name}${labelText(common)} ${read()}`,
    ])
  }

  function histogram(name: string, help: string): Histogram {
    const series = new Map<
      string,
      { labels: Labels; counts: number[]; sum: number; count: number }
    >()
    writers.push(() => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} histogram`,
      ...[...series.values()].flatMap(({ labels, counts, sum, count }) => [
        ...BUCKETS.map(
          (le, i) => `${name}_bucket${labelText({ ...labels, le: String(le) })} ${counts[i]}`,
        ),
        `${name}_bucket${labelText({ ...labels, le: '+Inf' })} ${count}`,
        `${name}_sum${labelText(labels)} ${sum}`,
        `${name}_count${labelText(labels)} ${count}`,
      ]),
    ])
    return {
      observe(value, own = {}) {
        const key = seriesKey(own)
        const known = series.get(key)
        if (!known && series.size >= MAX_SERIES) return
        const labels = { ...common, ...own }
        const found = known ?? { labels, counts: BUCKETS.map(() => 0), sum: 0, count: 0 }
        if (!known) series.set(key, found)
        found.sum += value
        found.count += 1
        BUCKETS.forEach((le, i) => {
          if (value <= le) found.counts[i] = (found.counts[i] ?? 0) + 1
        })
      },
    }
  }

  return {
    counter,
    gauge,
    histogram,
    text: () => `${writers.flatMap((write) => write()).join('\n')}\n`,
  }
}
