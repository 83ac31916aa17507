import { ask, getJson } from './api.ts'
import { field, openDialog } from './dialog.ts'
import { copyButton, h, icon, note, why } from './dom.ts'
import { ago, bytes, shortKey } from './format.ts'
import { quotaFields, quotaOf } from './quota-form.ts'
import type { Page, Quota, Stats, User } from './types.ts'

const PAGE = 50
const TYPING_MS = 250
const NEARLY_FULL = 0.9

function usageBar({ used_bytes, limit_bytes }: User): HTMLElement {
  const text =
    limit_bytes === null ? bytes(used_bytes) : `${bytes(used_bytes)} of ${bytes(limit_bytes)}`
  const share = limit_bytes ? Math.min(1, used_bytes / limit_bytes) : 0
  const meter = h('meter', {
    min: '0',
    max: '1',
    high: String(NEARLY_FULL),
    optimum: '0',
    value: String(share),
    'aria-label': text,
  })
  return h('div', { class: 'usage' }, h('span', {}, text), limit_bytes === null ? null : meter)
}

function actions(user: User, defaults: Quota, changed: () => void): HTMLElement {
  const path = `/users/${user.pubky}`
  const finish = (text: string) => {
    changed()
    return text
  }
  const toggle = async () => {
    try {
      await ask('POST', `${path}/${user.disabled ? 'enable' : 'disable'}`)
      note(
        finish(
          user.disabled
            ? 'The account may write again.'
            : 'The account may only read and delete now.',
        ),
      )
    } catch (error) {
      note(why(error), 'failed')
    }
  }
  const limits = () =>
    openDialog({
      title: 'Limits',
      text: user.pubky,
      fields: quotaFields(user.overrides, defaults),
      button: 'Save',
      save: async (form) => {
        await ask('PATCH', `${path}/quota`, quotaOf(form))
        return finish('Saved. The limits hold at once.')
      },
    })
  const remove = () =>
    openDialog({
      title: 'Delete a file',
      text: 'The file goes at once, and everybody who follows this person is told. Nothing brings it back.',
      fields: [field({ name: 'path', label: 'Path', placeholder: '/pub/…', isRequired: true })],
      button: 'Delete',
      isDangerous: true,
      save: async (form) => {
        const file = String(form.get('path')).split('/').map(encodeURIComponent).join('/')
        await ask('DELETE', `/webdav/${user.pubky}${file}`)
        return finish('Deleted.')
      },
    })
  const item = (text: string, click: () => void, kind = '') =>
    h('button', { type: 'button', role: 'menuitem', class: kind, click }, text)
  const menu = h(
    'div',
    { popover: 'auto', class: 'menu', role: 'menu', id: `menu-${user.pubky}` },
    item('Limits…', limits),
    item(user.disabled ? 'Enable' : 'Disable', () => void toggle()),
    item('Delete a file…', remove, 'danger-text'),
  )
  menu.addEventListener('click', () => menu.hidePopover())
  const label = `Actions for ${shortKey(user.pubky)}`
  const button = h(
    'button',
    { type: 'button', class: 'icon', 'aria-label': label, popovertarget: menu.id },
    icon('more'),
  )
  menu.addEventListener('beforetoggle', () => {
    const { bottom, right } = button.getBoundingClientRect()
    menu.style.top = `${bottom + 4}px`
    menu.style.right = `${document.documentElement.clientWidth - right}px`
  })
  return h('div', { class: 'actions' }, button, menu)
}

function badges({ disabled, overrides }: User): HTMLElement {
  return h(
    'span',
    { class: 'badges' },
    disabled ? h('span', { class: 'badge bad' }, 'disabled') : null,
    Object.keys(overrides).length > 0 ? h('span', { class: 'badge' }, 'own limits') : null,
  )
}

function userRow(user: User, defaults: Quota, changed: () => void): HTMLElement {
  const cell = (label: string, ...parts: (Node | string)[]) =>
    h('td', { 'data-label': label }, ...parts)
  const time = (text: string | null) => ago(text === null ? null : Date.parse(text))
  return h(
    'tr',
    {},
    h(
      'th',
      { scope: 'row' },
      h('code', { title: user.pubky }, shortKey(user.pubky)),
      copyButton(user.pubky, 'Copy the key'),
      badges(user),
    ),
    cell('Uses', usageBar(user)),
    cell('Last write', time(user.last_write)),
    cell('Joined', time(user.created_at)),
    cell('Sessions', String(user.sessions)),
    h('td', { class: 'last' }, actions(user, defaults, changed)),
  )
}

/** Accounts: found by key, sorted, with what can be done about each. */
export async function people(stats: Stats): Promise<HTMLElement> {
  const defaults = stats.settings.quota
  const body = h('tbody')
  const empty = h(
    'p',
    { class: 'empty', hidden: true },
    'Nobody is here yet. Make an invitation and pass it on.',
  )
  const more = h('button', { type: 'button', class: 'more', hidden: true }, 'Show more')
  const search = h('input', {
    type: 'search',
    placeholder: 'Find by key',
    'aria-label': 'Find by key',
    spellcheck: 'false',
  })
  const sort = h(
    'select',
    { 'aria-label': 'Order' },
    h('option', { value: 'newest' }, 'Newest first'),
    h('option', { value: 'largest' }, 'Largest first'),
  )
  let cursor: string | null = null
  let asked = 0

  async function load(isFresh: boolean): Promise<void> {
    asked += 1
    const mine = asked
    const query = new URLSearchParams({
      limit: String(PAGE),
      sort: sort.value,
      search: search.value,
    })
    if (!isFresh && cursor) query.set('cursor', cursor)
    try {
      const page = await getJson<Page<User>>(`/users?${query}`)
      if (mine !== asked) return
      const rows = page.items.map((user) => userRow(user, defaults, () => void load(true)))
      if (isFresh) body.replaceChildren(...rows)
      else body.append(...rows)
      cursor = page.next_cursor
      more.hidden = cursor === null
      empty.hidden = body.childElementCount > 0
      empty.textContent = search.value
        ? 'Nobody has such a key.'
        : 'Nobody is here yet. Make an invitation and pass it on.'
    } catch (error) {
      note(why(error), 'failed')
    }
  }

  let typing: ReturnType<typeof setTimeout> | undefined
  search.addEventListener('input', () => {
    clearTimeout(typing)
    typing = setTimeout(() => void load(true), TYPING_MS)
  })
  sort.addEventListener('change', () => void load(true))
  more.addEventListener('click', () => void load(false))
  await load(true)
  const head = ['Person', 'Uses', 'Last write', 'Joined', 'Sessions'].map((name) =>
    h('th', { scope: 'col' }, name),
  )
  return h(
    'section',
    { class: 'card' },
    h('header', {}, h('h2', {}, 'People'), h('div', { class: 'tools' }, search, sort)),
    h('table', {}, h('thead', {}, h('tr', {}, ...head, h('td'))), body),
    empty,
    more,
  )
}
