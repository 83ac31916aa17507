/** A running service: where it answers, when it is ready, how it ends. */
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
