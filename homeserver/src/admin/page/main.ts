import { ApiError, getJson, hasPassword, rememberPassword } from './api.ts'
import { attention } from './attention.ts'
import { h, svg, why } from './dom.ts'
import { invitations } from './invitations.ts'
import { overview } from './overview.ts'
import { people } from './people.ts'
import type { Stats } from './types.ts'

const VIEWS = {
  overview: { title: 'Overview', show: overview, isLive: true },
  people: { title: 'People', show: people, isLive: false },
  invitations: { title: 'Invitations', show: invitations, isLive: false },
  attention: { title: 'Attention', show: attention, isLive: true },
} as const
type ViewName = keyof typeof VIEWS

const REFRESH_MS = 10_000
const root = document.getElementById('page') ?? document.body

function currentView(): ViewName {
  const name = location.hash.slice(1)
  return name in VIEWS ? (name as ViewName) : 'overview'
}

function mark(): SVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 32 32', class: 'mark', 'aria-hidden': 'true' },
    svg('rect', { x: '4', y: '5', width: '24', height: '9.500', rx: '3' }),
    svg('rect', { x: '4', y: '17.500', width: '24', height: '9.500', rx: '3' }),
    svg('path', { d: 'M9 9.700h7M9 22.200h7' }),
  )
}

function signIn(problem = ''): void {
  const input = h('input', {
    id: 'password',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
  })
  const submit = (event: Event) => {
    event.preventDefault()
    rememberPassword(input.value)
    void show()
  }
  root.replaceChildren(
    h(
      'main',
      { class: 'gate' },
      h(
        'form',
        { class: 'card', submit },
        mark(),
        h('h1', {}, 'Homeserver'),
        h('label', { for: 'password' }, 'Admin password'),
        input,
        h('p', { class: 'problem', role: 'alert' }, problem),
        h('button', { class: 'primary' }, 'Sign in'),
        h(
          'small',
          {},
          'It is ADMIN_PASSWORD in the settings of the server; “admin” on a local network.',
        ),
      ),
    ),
  )
  input.focus()
}

function signOut(): void {
  rememberPassword('')
  signIn()
}

const main = h('main', { id: 'main', tabindex: '-1' })
const links = (Object.keys(VIEWS) as ViewName[]).map((name) =>
  h('a', { href: `#${name}` }, VIEWS[name].title),
)
const frame = [
  h(
    'header',
    { class: 'bar' },
    h('a', { href: '#overview', class: 'home' }, mark(), h('span', {}, 'Homeserver')),
    h('nav', { 'aria-label': 'Views' }, ...links),
    h('button', { type: 'button', click: signOut }, 'Sign out'),
  ),
  main,
]

function markLinks(view: ViewName): void {
  for (const link of links) {
    if (link.hash === `#${view}`) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  document.title = `${VIEWS[view].title} · Homeserver`
}

let shown = 0

async function show(): Promise<void> {
  if (!hasPassword()) return signIn()
  shown += 1
  const mine = shown
  const view = currentView()
  try {
    const stats = await getJson<Stats>('/stats')
    const content = await VIEWS[view].show(stats)
    if (mine !== shown) return
    main.replaceChildren(content)
  } catch (error) {
    if (mine !== shown) return
    if (error instanceof ApiError && (error.status === 401 || error.status === 429)) {
      rememberPassword('')
      return signIn(
        error.status === 401
          ? 'That is not the password.'
          : 'Too many wrong passwords. Wait a moment.',
      )
    }
    const again = h(
      'button',
      { type: 'button', class: 'primary', click: () => void show() },
      'Try again',
    )
    main.replaceChildren(h('section', { class: 'card empty' }, h('p', {}, why(error)), again))
  }
  markLinks(view)
  if (!main.isConnected) root.replaceChildren(...frame)
}

function refresh(): void {
  const isBusy =
    document.hidden || main.matches(':hover:has(.bar:hover)') || document.querySelector('dialog')
  if (main.isConnected && VIEWS[currentView()].isLive && !isBusy) void show()
}

addEventListener('hashchange', () => {
  main.replaceChildren(h('p', { class: 'empty', role: 'status' }, 'Loading …'))
  void show()
})
setInterval(refresh, REFRESH_MS)
void show()
