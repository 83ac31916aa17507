type Labels = Readonly<Record<string, string>>

function escape_(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escape_(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
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
    const series = new Map<string, number>()
    writers.push(() => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} counter`,
      ...[...series].map(([labels, value]) => `${name}${labels} ${value}`),
    ])
    return {
      add(count = 1, labels = {}) {
        const key = labelText({ ...common, ...labels })
        if (series.size < MAX_SERIES || series.has(key))
          series.set(key, (series.get(key) ?? 0) + count)
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
        const labels = { ...common, ...own }
        const key = labelText(labels)
        const found = series.get(key) ?? { labels, counts: BUCKETS.map(() => 0), sum: 0, count: 0 }
        if (series.size >= MAX_SERIES && !series.has(key)) return
        series.set(key, found)
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
