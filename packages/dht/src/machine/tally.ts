import type { PutReport } from '@pubky/sdk/dht'

/** What one node said to a put: acknowledged, a KRPC error code, or nothing. */
export type PutAnswer = 'stored' | 'no-answer' | number

/** Counts the answers of a put. Codes 301 and 302 are conflicts, others failures (BEP44). */
export function tally(answers: readonly PutAnswer[]): PutReport {
  const count = (test: (answer: PutAnswer) => boolean) => answers.filter(test).length
  const stored = count((answer) => answer === 'stored')
  const casFailed = count((answer) => answer === 301)
  const notMoreRecent = count((answer) => answer === 302)
  return {
    stored,
    casFailed,
    notMoreRecent,
    failed: answers.length - stored - casFailed - notMoreRecent,
  }
}
