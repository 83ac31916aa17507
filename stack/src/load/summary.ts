import { OPS, type Op } from './line.ts'
import type { LoadReport } from './load.ts'

const LABELS: Record<Op, string> = {
  profile: 'profiles',
  follow: 'follows',
  post: 'posts',
  tag: 'tags',
  bookmark: 'bookmarks',
}
const SHOWN_REFUSALS = 40
const SHOWN_FAILURES = 20

const number = new Intl.NumberFormat('en')

/** What happened, for people: figures per kind, then every refused line with field and reason. */
export function summarize({ plan, sent, failures, refusedFile, stateDir }: LoadReport): string {
  const rows = OPS.map((op) => {
    const { written, repeated, refused } = plan.counts[op]
    const more = [
      ...(repeated > 0 ? [`${number.format(repeated)} repeated`] : []),
      ...(refused > 0 ? [`${number.format(refused)} refused`] : []),
    ]
    const figures = `${number.format(written).padStart(9)} ${LABELS[op]}`
    return more.length > 0 ? `${figures} (${more.join(', ')})` : figures
  })
  const refusals = plan.refused
    .slice(0, SHOWN_REFUSALS)
    .map(({ line, op, field, code, reason }) => {
      const where = [op, field].filter((part) => part !== null).join('.')
      return `  line ${line}: ${where || 'line'}: ${reason} [${code}]`
    })
  const hidden = plan.refused.length - refusals.length
  const failed = failures
    .slice(0, SHOWN_FAILURES)
    .map(({ operation, error }) => `  line ${operation.id}: ${error.message} [${error.code}]`)
  return [
    `${number.format(plan.lines)} lines by ${number.format(plan.people.size)} people; ${number.format(sent)} objects sent by this run.`,
    ...rows,
    ...(plan.refused.length > 0
      ? [
          `${number.format(plan.refused.length)} lines refused (all in ${refusedFile}):`,
          ...refusals,
        ]
      : []),
    ...(hidden > 0 ? [`  and ${number.format(hidden)} more`] : []),
    ...(failures.length > 0
      ? [
          `${number.format(failures.length)} objects refused by the homeserver; the next run tries them again:`,
          ...failed,
        ]
      : []),
    `Keys and ids are kept in ${stateDir}.`,
  ].join('\n')
}
