import { field } from './dialog.ts'
import type { Quota } from './types.ts'

/** The fields of limits; empty is the server's default. */
export function quotaFields(quota: Partial<Quota>, defaults: Quota): HTMLElement[] {
  const usual = (value: number | string | null) => (value === null ? 'unlimited' : String(value))
  return [
    field({
      name: 'storage_quota_mb',
      label: 'Storage in megabytes',
      value: String(quota.storage_quota_mb ?? ''),
      placeholder: usual(defaults.storage_quota_mb),
      hint: 'A number, or “unlimited”. Empty is the default of this server.',
    }),
    field({
      name: 'rate_read',
      label: 'Reading speed',
      value: quota.rate_read ?? '',
      placeholder: usual(defaults.rate_read),
      hint: 'Such as 10mb/s or 5gb/d.',
    }),
    field({
      name: 'rate_write',
      label: 'Writing speed',
      value: quota.rate_write ?? '',
      placeholder: usual(defaults.rate_write),
    }),
    field({
      name: 'allowed_write_paths',
      label: 'Writes only to',
      type: 'area',
      value: quota.allowed_write_paths?.join('\n') ?? '',
      placeholder: 'everywhere',
      hint: 'One path in a line; a final slash means everything below. Empty is everywhere.',
    }),
  ]
}

/** What the form says, as the API takes it. */
export function quotaOf(form: FormData): Quota {
  const text = (name: string) => String(form.get(name) ?? '').trim()
  const storage = text('storage_quota_mb')
  const paths = text('allowed_write_paths')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return {
    storage_quota_mb: storage === '' ? null : /^\d+$/.test(storage) ? Number(storage) : storage,
    rate_read: text('rate_read') || null,
    rate_write: text('rate_write') || null,
    allowed_write_paths: paths.length > 0 ? paths : null,
  }
}
