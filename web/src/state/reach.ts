const AGAIN_MS = 4000
const LIMIT_MS = 5000

interface ReachOptions {
  /** Resolves when the service answers; rejects when it does not. */
  ask: (signal: AbortSignal) => Promise<unknown>
}

/**
 * Whether the network's services can be reached, as experience tells: a failed request or a lost live
 * connection is a suspicion, which one small request confirms or ends. The browser's own word is not
 * enough either way: a cable may lead nowhere, and a network on this machine needs no cable.
 */
export class Reach {
  readonly #ask: ReachOptions['ask']
  readonly #listeners = new Set<() => void>()
  #reachable = true
  #asking: AbortController | null = null
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor({ ask }: ReachOptions) {
    this.#ask = ask
  }

  get reachable(): boolean {
    return this.#reachable
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Something failed that reaching nobody would explain. */
  suspect = (): void => {
    if (!this.#asking) void this.#look()
  }

  /**
   * The browser says that its connection changed: an answer from before means nothing any more, and one
   * that still got through says little, so there is a second look.
   */
  changed = (): void => {
    this.#asking?.abort()
    void this.#look({ twice: true })
  }

  stop(): void {
    this.#asking?.abort()
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  async #look({ twice = false } = {}): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const stopped = new AbortController()
    this.#asking = stopped
    let reachable = true
    try {
      await this.#ask(AbortSignal.any([stopped.signal, AbortSignal.timeout(LIMIT_MS)]))
    } catch {
      reachable = false
    }
    if (this.#asking === stopped) this.#asking = null
    if (stopped.signal.aborted) return
    if (!reachable || twice) this.#timer = setTimeout(() => void this.#look(), AGAIN_MS)
    if (reachable === this.#reachable) return
    this.#reachable = reachable
    for (const listener of this.#listeners) listener()
  }
}
