import { type Draft, openDatabase, rangeOf } from './database.ts'
import type { Upload } from './outbox/actions.ts'
import type { PostKeyText } from './views.ts'

export type { Draft } from './database.ts'

/** What a composer holds. */
export interface DraftContent {
  text: string
  tags: readonly string[]
  uploads: readonly Upload[]
}

export type DraftMode = 'post' | 'reply' | 'repost' | 'edit'

const MOST = 50
const CHANNEL = 'pubky-drafts'

interface Change {
  user: string
  slot: string
  /** The composer that made the change. */
  source: string
}

/** The place of a draft: one per kind and post; `extra` sets one beside it. */
export function draftSlot(mode: DraftMode, target: PostKeyText | null, extra = ''): string {
  return `${mode}${target ? `:${target}` : ''}${extra ? `#${extra}` : ''}`
}

const SLOT = /^(post|reply|repost|edit)(?::([^#]+))?(?:#.*)?$/

export function parseSlot(slot: string): { mode: DraftMode; target: PostKeyText | null } | null {
  const [, mode, target] = SLOT.exec(slot) ?? []
  if (!mode || (mode !== 'post' && !target)) return null
  return { mode: mode as DraftMode, target: target ?? null }
}

const listeners = new Set<(change: Change) => void>()
let channel: BroadcastChannel | null = null

function open(): BroadcastChannel {
  if (channel) return channel
  channel = new BroadcastChannel(CHANNEL)
  channel.onmessage = ({ data }: MessageEvent<Change>) => {
    for (const listener of listeners) listener(data)
  }
  return channel
}

function tell(change: Change): void {
  for (const listener of listeners) listener(change)
  open().postMessage(change)
}

/** Hears of every change to drafts, in this tab and others. */
export function subscribeDrafts(listener: (change: Change) => void): () => void {
  open()
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const LAST_WORDS = 'pubky-last-words:'

/**
 * Keeps words at once, for a page that goes away: the database would be too late. They join the
 * drafts when these are read next.
 */
export function keepLastWords(user: string, slot: string, { text, tags }: DraftContent): void {
  const words = { user, slot, text, tags, atMs: Date.now() }
  localStorage.setItem(`${LAST_WORDS}${user} ${slot}`, JSON.stringify(words))
}

/** Puts words in the place of what is older. */
async function join(words: Draft): Promise<void> {
  const { user, slot, text, tags, atMs } = words
  const write = (await openDatabase()).transaction('drafts', 'readwrite')
  const known = await write.store.get([user, slot])
  if (!known || known.atMs <= atMs) {
    const uploads = known?.uploads ?? []
    if (text || tags.length > 0 || uploads.length > 0) await write.store.put({ ...words, uploads })
    else await write.store.delete([user, slot])
  }
  await write.done
}

async function gatherLastWords(user: string): Promise<void> {
  const found = Object.keys(localStorage).filter((key) => key.startsWith(`${LAST_WORDS}${user} `))
  for (const key of found) {
    const kept = localStorage.getItem(key)
    const words = JSON.parse(kept ?? 'null') as Draft | null
    if (words) await join(words)
    // Not before the database has them: the page may go away meanwhile.
    if (localStorage.getItem(key) === kept) localStorage.removeItem(key)
  }
}

/** Newest first. */
export async function listDrafts(user: string): Promise<Draft[]> {
  await gatherLastWords(user)
  const drafts = await (await openDatabase()).getAll('drafts', rangeOf(user))
  return drafts.sort((a, b) => b.atMs - a.atMs)
}

export async function readDraft(user: string, slot: string): Promise<Draft | undefined> {
  await gatherLastWords(user)
  return (await openDatabase()).get('drafts', [user, slot])
}

export async function saveDraft(
  user: string,
  slot: string,
  { text, tags, uploads }: DraftContent,
  source = '',
): Promise<void> {
  const db = await openDatabase()
  const draft = { user, slot, text, tags: [...tags], uploads: [...uploads], atMs: Date.now() }
  await db.put('drafts', draft)
  for (const old of (await listDrafts(user)).slice(MOST))
    await db.delete('drafts', [user, old.slot])
  tell({ user, slot, source })
}

export async function dropDraft(user: string, slot: string, source = ''): Promise<void> {
  const db = await openDatabase()
  if ((await db.getKey('drafts', [user, slot])) === undefined) return
  await db.delete('drafts', [user, slot])
  tell({ user, slot, source })
}
