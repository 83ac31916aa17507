/** Keeps what is made from keys; the key that was not asked for the longest goes first. */
export class KeyCache<T> {
  readonly #max: number
  readonly #kept = new Map<string, T>()

  constructor(max: number) {
    this.#max = max
  }

  get(name: string): T | undefined {
    const value = this.#kept.get(name)
    if (value === undefined) return undefined
    this.#kept.delete(name)
    this.#kept.set(name, value)
    return value
  }

  set(name: string, value: T): void {
    if (this.#kept.size >= this.#max) {
      const oldest = this.#kept.keys().next()
      if (!oldest.done) this.#kept.delete(oldest.value)
    }
    this.#kept.set(name, value)
  }
}
