import { getJson } from './api.ts'
import { writesChart, writesTable } from './chart.ts'
import { copyButton, h, icon } from './dom.ts'
import { ago, bytes, count, shortKey, span } from './format.ts'
import type { Stats, Writes } from './types.ts'

const RANGES = ['hour', 'day', 'week', 'month'] as const
let range: (typeof RANGES)[number] = 'day'

function tile(label: string, value: string, more: string): HTMLElement {
  return h('div', { class: 'tile' }, h('dt', {}, label), h('dd', {}, value, h('small', {}, more)))
}

function tiles(stats: Stats): HTMLElement {
  const { process, num_users, num_disabled_users } = stats
  const tokens = stats.num_unused_signup_codes
  return h(
    'dl',
    { class: 'tiles' },
    tile(
      'People',
      count(num_users),
      num_disabled_users ? `${count(num_disabled_users)} disabled` : 'all active',
    ),
    tile('Stored', bytes(stats.total_disk_used_mb * 1024 ** 2), `in ${stats.settings.blob_store}`),
    tile('Invitations', count(tokens), 'not used yet'),
    tile(
      'Open streams',
      count(process.streams_open),
      `${count(process.writes_waiting)} writes waiting`,
    ),
    tile('Memory', bytes(process.memory_bytes), `running for ${span(process.uptime_seconds)}`),
  )
}

async function chartCard(): Promise<HTMLElement> {
  const writes = await getJson<Writes>(`/stats/writes?range=${range}`)
  const sum = (pick: 'puts' | 'deletes') => writes.buckets.reduce((all, one) => all + one[pick], 0)
  const told = h('p', { class: 'told soft' })
  told.textContent = `${count(sum('puts'))} written and ${count(sum('deletes'))} deleted in the last ${range}.`
  const card = h('section', { class: 'card wide' })
  const choose = RANGES.map((name) =>
    h(
      'button',
      {
        type: 'button',
        'aria-pressed': String(name === range),
        click: () => {
          range = name
          void chartCard().then((next) => card.replaceWith(next))
        },
      },
      name,
    ),
  )
  card.append(
    h(
      'header',
      {},
      h('h2', {}, 'Writes'),
      h('div', { class: 'choice', role: 'group', 'aria-label': 'Time shown' }, ...choose),
    ),
    told,
    writesChart(writes, told),
    writesTable(writes),
    h(
      'p',
      { class: 'legend' },
      h('span', { class: 'puts' }, 'written'),
      h('span', { class: 'deletes' }, 'deleted'),
    ),
  )
  return card
}

type State = 'ok' | 'wait' | 'bad'

function check(state: State, title: string, text: string): HTMLElement {
  return h(
    'li',
    { class: state },
    icon(state),
    h('div', {}, h('strong', {}, title), h('span', {}, text)),
  )
}

function ownRecord({ publishing: { own, own_interval_seconds } }: Stats): HTMLElement {
  const title = 'Record of this server'
  const isLate = own.lastMs === null || Date.now() - own.lastMs > own_interval_seconds * 2000
  const hasFailed = (own.lastFailureMs ?? 0) > (own.lastMs ?? 0)
  if (hasFailed)
    return check('bad', title, `Could not be published ${ago(own.lastFailureMs)}: ${own.failure}`)
  return check(
    isLate ? 'bad' : 'ok',
    title,
    `Published ${ago(own.lastMs)}, and again every ${span(own_interval_seconds).replace(/^1 /, '')}.`,
  )
}

function userRecords({ publishing: { users, users_interval_seconds } }: Stats): HTMLElement {
  const title = 'Records of people'
  if (users_interval_seconds === 0)
    return check('wait', title, 'Are not announced again: it is switched off.')
  if (users.startedMs === null)
    return check('wait', title, 'The first round begins a minute after the start.')
  const { published = 0, skipped = 0, failed = 0 } = users.counts
  const result = `${count(published)} announced, ${count(skipped)} live elsewhere or have none, ${count(failed)} failed.`
  if (users.endedMs === null) return check('wait', title, `A round is under way: ${result}`)
  return check(
    failed > published ? 'bad' : 'ok',
    title,
    `Last round ${ago(users.endedMs)}: ${result}`,
  )
}

function health(stats: Stats): HTMLElement {
  const { process, settings } = stats
  const items = [
    process.events_listening
      ? check('ok', 'Database', 'Answers, and tells of every change.')
      : check('bad', 'Database', 'Does not tell of changes at the moment.'),
    ownRecord(stats),
    userRecords(stats),
    process.writes_waiting > 1000
      ? check(
          'bad',
          'Writing',
          `${count(process.writes_waiting)} writes wait: the database is too slow.`,
        )
      : check('ok', 'Writing', 'Keeps up with what people send.'),
  ]
  const { blob_store: store, blob_store_from: from, blob_store_advice: advice } = settings
  if (advice) items.push(check('wait', 'Files', advice))
  else if (from) items.push(check('wait', 'Files', `Lie in ${store} and, for now, in ${from}.`))
  return h(
    'section',
    { class: 'card' },
    h('header', {}, h('h2', {}, 'Health')),
    h('ul', { class: 'checks' }, ...items),
  )
}

function limit(value: number | string | null, unit = ''): string {
  return value === null || value === 'unlimited' ? 'no limit' : `${value}${unit}`
}

function facts(stats: Stats): HTMLElement {
  const { settings, public_key, pkarr_icann_domain, version } = stats
  const row = (name: string, ...value: (Node | string)[]) =>
    h('div', {}, h('dt', {}, name), h('dd', {}, ...value))
  return h(
    'section',
    { class: 'card' },
    h('header', {}, h('h2', {}, 'This server')),
    h(
      'dl',
      { class: 'facts' },
      row(
        'Key',
        h('code', { title: public_key }, shortKey(public_key)),
        copyButton(public_key, 'Copy the key'),
      ),
      row('Address', pkarr_icann_domain),
      row('Who may join', settings.signup_mode === 'open' ? 'everybody' : 'who has an invitation'),
      row('Storage of a person', limit(settings.quota.storage_quota_mb, ' MB')),
      row('Reading speed', limit(settings.quota.rate_read)),
      row('Writing speed', limit(settings.quota.rate_write)),
      row('Network', settings.network === 'local' ? 'this machine' : 'Mainline DHT'),
      row('Version', version),
    ),
  )
}

export async function overview(stats: Stats): Promise<HTMLElement> {
  return h(
    'div',
    { class: 'stack' },
    tiles(stats),
    h('div', { class: 'grid' }, await chartCard(), health(stats), facts(stats)),
  )
}
