/** How publishing went, for people who look after the server. Times are in milliseconds. */
export interface PublishHealth {
  /** Where clients reach this process, when the configuration does not say. */
  httpPort: number
  /** The address in the record; empty until it is known. */
  publicIp: string
  own: { lastMs: number | null; lastFailureMs: number | null; failure: string | null }
  /** The last round over all users; counts by result. */
  users: { startedMs: number | null; endedMs: number | null; counts: Record<string, number> }
}

export function createPublishHealth(): PublishHealth {
  return {
    httpPort: 0,
    publicIp: '',
    own: { lastMs: null, lastFailureMs: null, failure: null },
    users: { startedMs: null, endedMs: null, counts: {} },
  }
}
