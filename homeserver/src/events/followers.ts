import type { PublicKeyZ32 } from '@pubky/protocol'
import type { EventRow } from './rows.ts'

/** What one slow reader may have before it in memory; beyond it, it reads from the table. */
const MOST = 1024
/** More than this is taken in parts, each when the reader has room for it. */
const AT_ONCE = 100

/** Who follows some people: gets their events, shared with all others who do. */
export interface Follower extends Disposable {
  /** What came since the last call, or null when that was too much to keep: it is in the table. */
  take(): readonly EventRow[] | null
  /**
   * From now on `give` gets what comes, at once. Resolves when it has returned false, when there is
   * something to take (so much that it is not handed on in one go, or from before), or when the signal fires.
   */
  handOn(signal: AbortSignal, give: (events: readonly EventRow[]) => boolean): Promise<void>
}

interface Inbox {
  events: EventRow[]
  lagging: boolean
  wake: (() => void) | null
}

/** Followers by person, so that an event costs as much as there are people who want it. */
export function createFollowers() {
  const all = new Set<Inbox>()
  const byUser = new Map<PublicKeyZ32, Set<Inbox>>()

  function put(inbox: Inbox, event: EventRow): void {
    if (inbox.lagging) return
    inbox.events.push(event)
    if (inbox.events.length <= MOST) return
    inbox.events = []
    inbox.lagging = true
  }

  function register(inbox: Inbox, users: readonly PublicKeyZ32[]): void {
    all.add(inbox)
    for (const user of users) {
      const others = byUser.get(user)
      if (others) others.add(inbox)
      else byUser.set(user, new Set([inbox]))
    }
  }

  function forget(inbox: Inbox, users: readonly PublicKeyZ32[]): void {
    all.delete(inbox)
    for (const user of users) {
      const others = byUser.get(user)
      others?.delete(inbox)
      if (others?.size === 0) byUser.delete(user)
    }
  }

  return {
    get size() {
      return all.size
    },
    add(users: readonly PublicKeyZ32[]): Follower {
      const inbox: Inbox = { events: [], lagging: false, wake: null }
      register(inbox, users)
      return {
        take() {
          const { events, lagging } = inbox
          inbox.events = []
          inbox.lagging = false
          return lagging ? null : events
        },
        handOn(signal, give) {
          if (inbox.events.length > 0 || inbox.lagging || signal.aborted) return Promise.resolve()
          return new Promise((resolve, reject) => {
            const leave = () => {
              inbox.wake = null
              signal.removeEventListener('abort', done)
            }
            const done = () => {
              leave()
              resolve()
            }
            inbox.wake = () => {
              const { events, lagging } = inbox
              if (lagging || events.length === 0 || events.length > AT_ONCE) return done()
              inbox.events = []
              try {
                if (!give(events)) done()
              } catch (error) {
                // Neither the write that is told of nor other readers are to suffer from it.
                leave()
                reject(error)
              }
            }
            signal.addEventListener('abort', done, { once: true })
          })
        },
        [Symbol.dispose]: () => forget(inbox, users),
      }
    },
    tell(events: readonly EventRow[]): void {
      const reached = new Set<Inbox>()
      for (const event of events)
        for (const inbox of byUser.get(event.user) ?? []) {
          put(inbox, event)
          reached.add(inbox)
        }
      for (const inbox of reached) inbox.wake?.()
    },
    wakeAll(): void {
      for (const inbox of all) inbox.wake?.()
    },
  }
}
