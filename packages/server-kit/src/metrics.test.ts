import { expect, it } from 'vitest'
import { createMetrics } from './metrics.ts'

it('writes counters, gauges and histograms in the text form of Prometheus', () => {
  const metrics = createMetrics({ service: 'x' })
  const counter = metrics.counter('requests_total', 'Requests')
  counter.add()
  counter.add(2, { path: 'a"b' })
  metrics.gauge('open', 'Open', () => 4)
  metrics.histogram('took_ms', 'Time').observe(7)
  const lines = metrics.text().split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      '# TYPE requests_total counter',
      'requests_total{service="x"} 1',
      'requests_total{service="x",path="a\\"b"} 2',
      'open{service="x"} 4',
      'took_ms_bucket{service="x",le="5"} 0',
      'took_ms_bucket{service="x",le="10"} 1',
      'took_ms_count{service="x"} 1',
    ]),
  )
})
