/** What the admin API answers, as far as the page shows it. */
export interface Stats {
  num_users: number
  num_disabled_users: number
  total_disk_used_mb: number
  num_signup_codes: number
  num_unused_signup_codes: number
  public_key: string
  pkarr_icann_domain: string
  version: string
  process: {
    uptime_seconds: number
    memory_bytes: number
    writes_waiting: number
    streams_open: number
    events_listening: boolean
  }
  settings: {
    network: string
    signup_mode: string
    blob_store: string
    blob_store_from: string | null
    blob_store_advice: string | null
    rate_limits: string
    quota: Quota
  }
  publishing: {
    own: { lastMs: number | null; lastFailureMs: number | null; failure: string | null }
    users: {
      startedMs: number | null
      endedMs: number | null
      counts: { published?: number; skipped?: number; failed?: number }
    }
    own_interval_seconds: number
    users_interval_seconds: number
  }
  signals: { totals: Record<SignalKind, number>; top: Signal[] }
}

export type SignalKind = 'rate_limited' | 'admin_password' | 'sign_in' | 'quota'

export interface Signal {
  kind: SignalKind
  key: string
  count: number
  lastMs: number
}

export interface Quota {
  storage_quota_mb: number | string | null
  rate_read: string | null
  rate_write: string | null
  allowed_write_paths: string[] | null
}

export interface Bucket {
  at: string
  puts: number
  deletes: number
  users: number
}

export interface Writes {
  step_seconds: number
  buckets: Bucket[]
}

export interface User {
  pubky: string
  disabled: boolean
  used_bytes: number
  limit_bytes: number | null
  overrides: Partial<Quota>
  sessions: number
  created_at: string
  last_write: string | null
}

export interface Token {
  token: string
  created_at: string
  used_at: string | null
  used_by: string | null
}

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}
