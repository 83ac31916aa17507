import { ask, getJson } from './api.ts'
import { openDialog } from './dialog.ts'
import { copyButton, h, note, why } from './dom.ts'
import { ago, shortKey } from './format.ts'
import { quotaFields, quotaOf } from './quota-form.ts'
import type { Page, Stats, Token } from './types.ts'

const PAGE = 100

function tokenRow(token: Token, changed: () => void): HTMLElement {
  const time = (text: string | null) => ago(text === null ? null : Date.parse(`${text}Z`))
  const withdraw = async () => {
    try {
      await ask('DELETE', `/signup_tokens/${token.token}`)
      note('Withdrawn.')
      changed()
    } catch (error) {
      note(why(error), 'failed')
    }
  }
  const isUsed = token.used_at !== null
  const state = isUsed
    ? h(
        'span',
        {},
        'by ',
        h('code', { title: token.used_by ?? '' }, shortKey(token.used_by ?? '')),
        ` ${time(token.used_at)}`,
      )
    : h('span', { class: 'badge good' }, 'free')
  return h(
    'tr',
    {},
    h(
      'th',
      { scope: 'row' },
      h('code', { class: isUsed ? 'spent' : '' }, token.token),
      isUsed ? null : copyButton(token.token, 'Copy the invitation'),
    ),
    h('td', { 'data-label': 'Used' }, state),
    h('td', { 'data-label': 'Made' }, time(token.created_at)),
    h(
      'td',
      { class: 'last' },
      isUsed ? null : h('button', { type: 'button', click: () => void withdraw() }, 'Withdraw'),
    ),
  )
}

/** Sign-up tokens: made, copied, withdrawn, and who came by them. */
export async function invitations(stats: Stats): Promise<HTMLElement> {
  const body = h('tbody')
  const empty = h('p', { class: 'empty', hidden: true }, 'No invitations here.')
  const more = h('button', { type: 'button', class: 'more', hidden: true }, 'Show more')
  const filter = h(
    'select',
    { 'aria-label': 'Which invitations' },
    h('option', { value: 'unused' }, 'Free'),
    h('option', { value: 'used' }, 'Used'),
    h('option', { value: 'all' }, 'All'),
  )
  let cursor: string | null = null

  async function load(isFresh: boolean): Promise<void> {
    const query = new URLSearchParams({ limit: String(PAGE), state: filter.value })
    if (!isFresh && cursor) query.set('cursor', cursor)
    try {
      const page = await getJson<Page<Token>>(`/signup_tokens?${query}`)
      const rows = page.items.map((token) => tokenRow(token, () => void load(true)))
      if (isFresh) body.replaceChildren(...rows)
      else body.append(...rows)
      cursor = page.next_cursor
      more.hidden = cursor === null
      empty.hidden = body.childElementCount > 0
    } catch (error) {
      note(why(error), 'failed')
    }
  }

  const create = () =>
    openDialog({
      title: 'New invitation',
      text: 'Whoever has it can make one account here, with these limits.',
      fields: quotaFields({}, stats.settings.quota),
      button: 'Make it',
      save: async (form) => {
        const token = await ask('POST', '/generate_signup_token', quotaOf(form))
        filter.value = 'unused'
        await load(true)
        const isCopied = await navigator.clipboard.writeText(token).then(
          () => true,
          () => false,
        )
        return isCopied ? `${token} is copied.` : `Made ${token}.`
      },
    })
  filter.addEventListener('change', () => void load(true))
  more.addEventListener('click', () => void load(false))
  await load(true)
  const hint =
    stats.settings.signup_mode === 'open'
      ? h(
          'p',
          { class: 'hint' },
          'Everybody may join this server now; invitations count when SIGNUP_MODE is token_required.',
        )
      : null
  return h(
    'section',
    { class: 'card' },
    h(
      'header',
      {},
      h('h2', {}, 'Invitations'),
      h(
        'div',
        { class: 'tools' },
        filter,
        h('button', { type: 'button', class: 'primary', click: create }, 'New invitation'),
      ),
    ),
    hint,
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...['Invitation', 'Used', 'Made'].map((name) => h('th', { scope: 'col' }, name)),
          h('td'),
        ),
      ),
      body,
    ),
    empty,
    more,
  )
}
