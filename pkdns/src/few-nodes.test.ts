import { expect, it } from 'vitest'
import { fewNodesLog, fewNodesText } from './few-nodes.ts'

// covers 8.3.6
it('of few nodes it warns once a minute and kind, and counts what it did not tell', () => {
  const lines: unknown[] = []
  let now = 0n
  const warn = (fields: object, text?: string) => lines.push([fields, text])
  const tell = fewNodesLog({ warn } as Parameters<typeof fewNodesLog>[0], () => now)
  const stored = { what: 'stored', count: 1, least: 10 } as const
  const asked = { what: 'queried', count: 0, least: 20 } as const
  for (const few of [stored, asked, stored, stored]) tell(few)
  now = 60_000_000n
  tell(stored)
  expect(lines).toEqual([
    [{ ...stored, notTold: 0 }, 'Only 1 DHT node stored a publication; 10 or more are usual.'],
    [{ ...asked, notTold: 0 }, 'Only 0 DHT nodes were asked in a look-up; 20 or more are usual.'],
    [{ ...stored, notTold: 2 }, fewNodesText(stored)],
  ])
})
