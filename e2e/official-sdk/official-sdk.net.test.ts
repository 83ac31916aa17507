import { describe, expect, test } from 'vitest'
import { findNamespace, isInside, runInside, takenPorts } from './isolation.ts'
import { defineSuite } from './suite.ts'

const TITLE = 'the official SDK 0.6.0, unmodified'

/** Ports are fixed, so the suite runs in a network namespace of its own where there can be one. */
if (isInside()) describe(TITLE, defineSuite)
else {
  const namespace = await findNamespace()
  const taken = namespace ? [] : await takenPorts()
  // Where everything has to be shown, ports that are taken are a failure.
  if (taken.length > 0 && !process.env.CI) {
    describe.skip(`${TITLE}: ports ${taken.join(', ')} are taken`, defineSuite)
  } else if (!namespace) describe(TITLE, defineSuite)
  else {
    const results = await runInside(namespace)
    describe(TITLE, () => {
      test('runs in a network of its own', () => {
        expect(results.length).toBeGreaterThan(0)
      })
      for (const { name, status, messages } of results)
        test.skipIf(status === 'skipped')(name, () => {
          expect(messages.join('\n')).toBe('')
          expect(status).toBe('passed')
        })
    })
  }
}
