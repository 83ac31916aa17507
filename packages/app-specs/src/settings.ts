import { SpecsError } from './errors.ts'
import { NOTIFICATION_SWITCHES, PRIVACY_SWITCHES, type Settings } from './types.ts'

type Members = Record<string, unknown>

function members(value: unknown): Members {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : {}
}

function switches<K extends string>(raw: unknown, keys: readonly K[], on: (key: K) => boolean) {
  const given = members(raw)
  const entries = keys.map((key) => {
    const value = given[key]
    return [key, typeof value === 'boolean' ? value : on(key)] as const
  })
  return Object.fromEntries(entries) as Record<K, boolean>
}

/** Missing or mistyped members take their defaults (spec/data-model.md 6.13). */
export function parseSettings(json: unknown): Settings {
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    throw new SpecsError('invalid_shape', null, 'Error parsing object: settings are no object')
  const { notifications, privacy, language, updatedAt, version, ...rest } = members(json)
  return {
    notifications: switches(notifications, NOTIFICATION_SWITCHES, () => true),
    privacy: switches(
      privacy,
      PRIVACY_SWITCHES,
      (key) => key === 'showConfirm' || key === 'blurCensored',
    ),
    language: typeof language === 'string' && language.length <= 35 ? language : 'en',
    updatedAt: Number.isSafeInteger(updatedAt) ? Number(updatedAt) : 0,
    version: Number.isSafeInteger(version) ? Number(version) : 1,
    rest,
  }
}

export function settingsJson({ rest, ...known }: Settings): unknown {
  return { ...rest, ...known }
}
