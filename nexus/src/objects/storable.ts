/**
 * The same value with every string made such that PostgreSQL takes it: neither text nor jsonb holds
 * U+0000, and jsonb refuses half a surrogate pair. One odd post must not stop everybody's index.
 */
export function storable<T>(value: T): T {
  return clean(value) as T
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\u0000', '\ufffd')
  if (Array.isArray(value)) return value.map(clean)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [clean(key), clean(item)]))
}
