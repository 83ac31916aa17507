import type { MessageKey } from '../../i18n/types.ts'

/** What a key does, for those who listen and for the list of keys. */
export type Command =
  | 'next'
  | 'previous'
  | 'open'
  | 'author'
  | 'reply'
  | 'repost'
  | 'tag'
  | 'bookmark'
  | 'edit'
  | 'media'
  | 'newPost'
  | 'search'
  | 'newest'
  | 'help'

const COMMANDS: Readonly<Record<string, Command>> = {
  j: 'next',
  k: 'previous',
  o: 'open',
  enter: 'open',
  p: 'author',
  r: 'reply',
  x: 'repost',
  q: 'repost',
  t: 'tag',
  s: 'bookmark',
  e: 'edit',
  v: 'media',
  n: 'newPost',
  '/': 'search',
  '.': 'newest',
  '?': 'help',
}

/** After `g`. */
const PLACES: Readonly<Record<string, string>> = {
  h: '/home',
  s: '/search',
  o: '/hot',
  b: '/bookmarks',
  n: '/profile/notifications',
  p: '/profile/posts',
  ',': '/settings',
}

const SEQUENCE_MS = 1500

export type Press = { command: Command } | { go: string } | null

/** Reads keys one after the other; `g` waits for the one that says where to. */
export function createKeyReader(now: () => number = Date.now): (key: string) => Press {
  let goSinceMs = Number.NEGATIVE_INFINITY
  return (pressed) => {
    const key = pressed.toLowerCase()
    const goes = now() - goSinceMs < SEQUENCE_MS
    goSinceMs = key === 'g' && !goes ? now() : Number.NEGATIVE_INFINITY
    if (goes) return PLACES[key] ? { go: PLACES[key] } : null
    return COMMANDS[key] ? { command: COMMANDS[key] } : null
  }
}

/** The list of keys, in groups. */
export const SHORTCUT_LIST: readonly {
  title: MessageKey
  rows: readonly { keys: readonly string[]; text: MessageKey }[]
}[] = [
  {
    title: 'keys.posts',
    rows: [
      { keys: ['j', 'k'], text: 'keys.nextPrevious' },
      { keys: ['o', 'Enter'], text: 'keys.open' },
      { keys: ['p'], text: 'keys.author' },
      { keys: ['r'], text: 'keys.reply' },
      { keys: ['x', 'q'], text: 'keys.repost' },
      { keys: ['t'], text: 'keys.tag' },
      { keys: ['s'], text: 'keys.bookmark' },
      { keys: ['e'], text: 'keys.edit' },
      { keys: ['v'], text: 'keys.media' },
    ],
  },
  {
    title: 'keys.everywhere',
    rows: [
      { keys: ['n'], text: 'keys.newPost' },
      { keys: ['/'], text: 'keys.search' },
      { keys: ['.'], text: 'keys.newest' },
      { keys: ['Ctrl + Enter'], text: 'keys.send' },
      { keys: ['?'], text: 'keys.help' },
    ],
  },
  {
    title: 'keys.go',
    rows: [
      { keys: ['g h'], text: 'common.home' },
      { keys: ['g s'], text: 'common.search' },
      { keys: ['g o'], text: 'common.hot' },
      { keys: ['g b'], text: 'common.bookmarks' },
      { keys: ['g n'], text: 'common.notifications' },
      { keys: ['g p'], text: 'common.profile' },
      { keys: ['g ,'], text: 'common.settings' },
    ],
  },
]
