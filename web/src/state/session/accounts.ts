import { looksLikeUser } from '../views.ts'

/** How far somebody has come: key made, signed up without a profile, or done. */
export type Stage = 'created' | 'profile' | 'ready'

export interface Account {
  user: string
  stage: Stage
  /** The root key still lies encrypted in this browser. */
  backup: 'pending' | 'done'
  /** The app's key for this person and the grant for it; worthless without the key. */
  client: string | null
  grant: string | null
}

interface Stored {
  v: 1
  current: string | null
  accounts: Account[]
}

const KEY = 'pubky-accounts'
const EMPTY: Stored = { v: 1, current: null, accounts: [] }
const YEAR_SECONDS = 365 * 24 * 3600

let parsed: { text: string | null; value: Stored } = { text: null, value: EMPTY }
const listeners = new Set<() => void>()

function isAccount(value: unknown): value is Account {
  return (
    typeof value === 'object' &&
    value !== null &&
    'user' in value &&
    typeof value.user === 'string' &&
    looksLikeUser(value.user) &&
    'stage' in value
  )
}

function parse(text: string | null): Stored {
  try {
    const json: unknown = JSON.parse(text ?? 'null')
    if (typeof json !== 'object' || json === null || !('accounts' in json)) return EMPTY
    const accounts = Array.isArray(json.accounts) ? json.accounts.filter(isAccount) : []
    const named = 'current' in json && typeof json.current === 'string' ? json.current : null
    const current = accounts.some((account) => account.user === named) ? named : null
    return { v: 1, current, accounts }
  } catch {
    return EMPTY
  }
}

function read(): Stored {
  const text = localStorage.getItem(KEY)
  if (text !== parsed.text) parsed = { text, value: parse(text) }
  return parsed.value
}

function write(value: Stored): void {
  localStorage.setItem(KEY, JSON.stringify(value))
  writeCookies(value)
  for (const listener of listeners) listener()
}

function writeCookie(name: string, value: string | null): void {
  const age = value === null ? 0 : YEAR_SECONDS
  // biome-ignore lint/suspicious/noDocumentCookie: the asynchronous API is not everywhere yet.
  document.cookie = `${name}=${value ?? ''}; path=/; max-age=${age}; samesite=lax`
}

/** As many as one digit can say. */
const MOST_OTHERS = 9

/**
 * Tells the server whose feed to render, whether the reminder of a backup stands above it and how many
 * others one can switch to. They hold a public key and open nothing.
 */
function writeCookies({ current, accounts }: Stored): void {
  const account = accounts.find(({ user }) => user === current)
  const ready = account?.stage === 'ready' ? account : null
  writeCookie('viewer', ready?.user ?? null)
  writeCookie('backup', ready?.backup === 'pending' ? 'pending' : null)
  const others = accounts.filter(({ user, stage }) => stage === 'ready' && user !== ready?.user)
  writeCookie('others', others.length > 0 ? `${Math.min(others.length, MOST_OTHERS)}` : null)
}

/** The account in use; null for a guest. */
export function currentAccount(): Account | null {
  const { current, accounts } = read()
  return accounts.find(({ user }) => user === current) ?? null
}

/** Adds or changes an account and makes it the current one. */
export function putAccount(account: Account): void {
  const others = read().accounts.filter(({ user }) => user !== account.user)
  write({ v: 1, current: account.user, accounts: [...others, account] })
}

export function changeAccount(user: string, change: Partial<Omit<Account, 'user'>>): void {
  const { current, accounts } = read()
  const changed = accounts.map((one) => (one.user === user ? { ...one, ...change } : one))
  write({ v: 1, current, accounts: changed })
}

/** When it was the current one, the last one that is ready takes its place. */
export function removeAccount(user: string): void {
  const { current, accounts: all } = read()
  const accounts = all.filter((one) => one.user !== user)
  const next = accounts.findLast(({ stage }) => stage === 'ready') ?? accounts.at(-1)
  write({ v: 1, current: current === user ? (next?.user ?? null) : current, accounts })
}

export function listAccounts(): readonly Account[] {
  return read().accounts
}

export function makeCurrent(user: string): void {
  const { accounts } = read()
  if (accounts.some((one) => one.user === user)) write({ v: 1, current: user, accounts })
}

/** Sets the cookies right again; true when the person in them was another than this browser's memory says. */
export function repairViewerCookie(shown: string | null): boolean {
  const account = currentAccount()
  const due = account?.stage === 'ready' ? account.user : null
  writeCookies(read())
  if (due === shown) return false
  // Where cookies are refused a reload would change nothing.
  return document.cookie.split('; ').includes(`viewer=${due}`) || due === null
}

export function subscribeAccounts(listener: () => void): () => void {
  const fromOtherTab = (event: StorageEvent) => {
    if (event.key === KEY) listener()
  }
  listeners.add(listener)
  addEventListener('storage', fromOtherTab)
  return () => {
    listeners.delete(listener)
    removeEventListener('storage', fromOtherTab)
  }
}
