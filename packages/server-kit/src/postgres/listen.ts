import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from '../logger.ts'

const RECONNECT_MS = 250
const HEALTH_CHECK_MS = 15_000

export interface Listener extends AsyncDisposable {
  /** Resolves when the first connection listens. */
  readonly ready: Promise<void>
}

export interface ListenOptions {
  log?: Logger
  /** Notices sent meanwhile are lost: look at the tables again. Also called for the first connection. */
  onConnect?: () => void
  onDisconnect?: () => void
}

/** Listens on a connection of its own, and again on a new one whenever it breaks. */
export function createListener(
  url: string,
  channels: readonly string[],
  onNotify: (channel: string, payload: string) => void,
  o: ListenOptions = {},
): Listener {
  const stop = new AbortController()
  let first: () => void = () => {}
  const ready = new Promise<void>((resolve) => {
    first = resolve
  })

  async function listen(): Promise<void> {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'listen',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
    })
    const ended = new Promise<void>((resolve) => {
      client.on('error', () => resolve())
      client.on('end', () => resolve())
      stop.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    client.on('notification', ({ channel, payload }) => onNotify(channel, payload ?? ''))
    await client.connect()
    try {
      for (const channel of channels) await client.query(`listen ${pg.escapeIdentifier(channel)}`)
      first()
      o.onConnect?.()
      // A peer that vanished without a word is noticed by asking.
      const check = setInterval(() => {
        client.query('select 1').catch(() => {})
      }, HEALTH_CHECK_MS)
      await ended
      clearInterval(check)
    } finally {
      await client.end().catch(() => {})
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await listen()
      } catch (error) {
        o.log?.warn({ error: error instanceof Error ? error.message : 'unknown' }, 'listener lost')
      }
      if (stop.signal.aborted) return
      o.onDisconnect?.()
      await sleep(RECONNECT_MS, undefined, { signal: stop.signal }).catch(() => {})
    }
  }

  const running = run()
  return {
    ready,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}
