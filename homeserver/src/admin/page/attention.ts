import { copyButton, h } from './dom.ts'
import { ago, count, shortKey } from './format.ts'
import type { SignalKind, Stats } from './types.ts'

const MEANING: Readonly<Record<SignalKind, { title: string; text: string }>> = {
  rate_limited: {
    title: 'Too many requests',
    text: 'Refused by a rule of RATE_LIMITS. Many from one address: a loop or an attack. Many addresses: the rule is too tight.',
  },
  sign_in: { title: 'Failed sign-ins', text: 'Tokens that were forged, too old or used before.' },
  admin_password: { title: 'Wrong admin passwords', text: 'Somebody tries to get in here.' },
  quota: { title: 'No room left', text: 'Writes of people whose storage is full.' },
}

/** What this process refused in the last hour, and from whom. */
export async function attention({ signals }: Stats): Promise<HTMLElement> {
  const kinds = Object.keys(MEANING) as SignalKind[]
  const totals = kinds.map((kind) =>
    h(
      'div',
      { class: 'tile' },
      h('dt', {}, MEANING[kind].title),
      h('dd', {}, count(signals.totals[kind]), h('small', {}, 'since the start')),
    ),
  )
  const rows = signals.top.map(({ kind, key, count: times, lastMs }) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, h('code', { title: key }, shortKey(key)), copyButton(key, 'Copy')),
      h('td', { 'data-label': 'What' }, MEANING[kind].title, h('small', {}, MEANING[kind].text)),
      h('td', { 'data-label': 'Times' }, count(times)),
      h('td', { 'data-label': 'Last' }, ago(lastMs)),
    ),
  )
  const table = h(
    'table',
    {},
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ...['Who', 'What', 'Times', 'Last'].map((name) => h('th', { scope: 'col' }, name)),
      ),
    ),
    h('tbody', {}, ...rows),
  )
  return h(
    'div',
    { class: 'stack' },
    h('dl', { class: 'tiles' }, ...totals),
    h(
      'section',
      { class: 'card' },
      h('header', {}, h('h2', {}, 'The last hour')),
      rows.length > 0 ? table : h('p', { class: 'empty' }, 'Nothing was refused. All is calm.'),
    ),
  )
}
