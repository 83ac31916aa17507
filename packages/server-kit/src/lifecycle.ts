import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from './logger.ts'

/** A running service: where it answers, how it ends. */
export interface Running<U extends Record<string, string>> extends AsyncDisposable {
  readonly urls: U
  readonly ready: Promise<void>
  close(o?: { graceMs?: number }): Promise<void>
}

/** What every service takes from outside, so that tests can replace it. Micros since the epoch. */
export interface BaseDeps {
  clock: () => bigint
  random: (bytes: number) => Uint8Array
  fetch: typeof fetch
}

/** The one function each service exports. */
export type StartService<C, D, U extends Record<string, string>> = (
  config: C,
  deps?: Partial<D>,
) => Promise<Running<U>>

/** Things to undo, last first. Adding to one that is closed undoes at once. */
export class Teardown implements AsyncDisposable {
  readonly #steps: (() => PromiseLike<void> | void)[] = []

  add(step: () => PromiseLike<void> | void): void {
    this.#steps.push(step)
  }

  use<T extends AsyncDisposable>(resource: T): T {
    this.add(() => resource[Symbol.asyncDispose]())
    return resource
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = []
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not everything was closed')
  }
}

/** A `Running` over a teardown, with a closing that happens once. */
export function createRunning<U extends Record<string, string>>(
  urls: U,
  teardown: AsyncDisposable,
): Running<U> {
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= Promise.resolve(teardown[Symbol.asyncDispose]())
    return closing
  }
  return { urls, ready: Promise.resolve(), close, [Symbol.asyncDispose]: close }
}

/** Starts `build`, and undoes what it had set up when it fails. */
export async function startWithTeardown<U extends Record<string, string>>(
  build: (teardown: Teardown) => Promise<U>,
): Promise<Running<U>> {
  const teardown = new Teardown()
  try {
    return createRunning(await build(teardown), teardown)
  } catch (error) {
    await teardown[Symbol.asyncDispose]().catch(() => {})
    throw error
  }
}

/** A loop of a service; ends when `signal` is aborted. */
export interface Component {
  readonly name: string
  run(signal: AbortSignal): Promise<void>
}

const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 15_000
/** A component that ran for so long had recovered. */
const RECOVERED_MS = 60_000

/** Runs a component until `signal` is aborted; when it throws or returns, again, ever less eagerly. */
export async function supervise(
  component: Component,
  signal: AbortSignal,
  log?: Logger,
): Promise<void> {
  let retryMs = FIRST_RETRY_MS
  while (!signal.aborted) {
    const startedMs = performance.now()
    try {
      await component.run(signal)
    } catch (error) {
      if (!signal.aborted) log?.warn({ error, component: component.name }, 'component failed')
    }
    if (signal.aborted) return
    if (performance.now() - startedMs > RECOVERED_MS) retryMs = FIRST_RETRY_MS
    await sleep(retryMs, undefined, { signal }).catch(() => {})
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
  }
}

const STOP_LIMIT_MS = 10_000

/**
 * For start files: runs until SIGINT, SIGTERM or the end of the parent (a closed IPC channel), then
 * closes. A stop that hangs is cut after ten seconds.
 */
export async function runUntilSignal<U extends Record<string, string>>(
  log: Logger,
  start: () => Promise<Running<U>>,
): Promise<void> {
  const stop = new Promise<string>((resolve) => {
    process.once('SIGINT', () => resolve('SIGINT'))
    process.once('SIGTERM', () => resolve('SIGTERM'))
    process.once('disconnect', () => resolve('disconnect'))
  })
  let running: Running<U>
  try {
    running = await start()
  } catch (error) {
    const text = error instanceof Error ? error.message : 'could not start'
    log.fatal({ error }, text)
    process.send?.({ failed: text })
    process.exitCode = 1
    process.disconnect?.()
    setTimeout(() => process.exit(1), 500).unref()
    return
  }
  log.info({ urls: running.urls }, 'ready')
  process.send?.({ ready: running.urls })
  log.info({ reason: await stop }, 'stopping')
  setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref()
  await running.close()
  process.removeAllListeners('disconnect')
  if (process.connected) process.disconnect()
  // Sockets kept alive by clients must not keep the process.
  setTimeout(() => process.exit(0), 200).unref()
}
