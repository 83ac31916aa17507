import { existsSync, readFileSync } from 'node:fs'
import { StartError } from '../errors.ts'

/** One setting of a service. `parse` throws an Error whose message says what is wrong. */
export interface Setting<T> {
  env: string
  default: T
  /** One line for the sample file and the table in the README. */
  doc: string
  secret?: boolean
  parse(text: string): T
}

export type Schema = Readonly<Record<string, Setting<unknown>>>
export type Config<S extends Schema> = { [K in keyof S]: S[K] extends Setting<infer T> ? T : never }

function wrong(what: string): never {
  throw new TypeError(what)
}

type Rest = { env: string; doc: string; secret?: boolean }

export function text(o: Rest & { default: string }): Setting<string> {
  return { ...o, parse: (value) => value }
}

export function optionalText(o: Rest): Setting<string | null> {
  return { ...o, default: null, parse: (value) => value || null }
}

export function integerSetting(
  o: Rest & { default: number; min?: number; max?: number },
): Setting<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = o
  return {
    ...o,
    parse(value) {
      const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
      if (number >= min && number <= max) return number
      return wrong(`must be a whole number from ${min} to ${max}`)
    },
  }
}

export function choice<T extends string>(o: Rest & { default: T; of: readonly T[] }): Setting<T> {
  return {
    ...o,
    parse: (value) =>
      o.of.find((one) => one === value) ?? wrong(`must be one of ${o.of.join(', ')}`),
  }
}

export function list(o: Rest & { default: string[] }): Setting<string[]> {
  return {
    ...o,
    parse: (value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
  }
}

function readFile(path: string): { pairs: Map<string, string>; problems: string[] } {
  const pairs = new Map<string, string>()
  const problems: string[] = []
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue
    const [, name, value] = /^\s*([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined || value === undefined)
      problems.push(`line ${index + 1} of ${path} is not NAME=value`)
    else pairs.set(name, value.replace(/^(["'])(.*)\1$/, '$2'))
  }
  return { pairs, problems }
}

/**
 * Reads a configuration: defaults, then a file of `NAME=value` lines, then the environment, then
 * `overrides`. Unknown names in the file and every bad value are told at once (`invalid_config`).
 */
export function loadConfig<S extends Schema>(
  schema: S,
  o: {
    env?: NodeJS.ProcessEnv
    file?: string
    overrides?: Partial<Config<S>>
    /** What is wrong with settings beside each other; bad values count as their defaults here. */
    check?: (config: Config<S>) => string[]
  } = {},
): Config<S> {
  const file = o.file && existsSync(o.file) ? readFile(o.file) : null
  const fromFile = file?.pairs ?? new Map<string, string>()
  const problems = file?.problems ?? []
  const known = new Set(Object.values(schema).map(({ env }) => env))
  for (const name of fromFile.keys())
    if (!known.has(name)) problems.push(`${name} is not a setting`)
  const entries = Object.entries(schema).map(([key, setting]) => {
    const given = (o.env ?? process.env)[setting.env] ?? fromFile.get(setting.env)
    if (given === undefined) return [key, setting.default] as const
    try {
      return [key, setting.parse(given)] as const
    } catch (error) {
      problems.push(`${setting.env} ${error instanceof Error ? error.message : 'is wrong'}`)
      return [key, setting.default] as const
    }
  })
  const config = { ...Object.fromEntries(entries), ...o.overrides } as Config<S>
  problems.push(...(o.check?.(config) ?? []))
  if (problems.length > 0) throw StartError.config(problems)
  // Logs and reports serialise whole configurations; secrets stay out of them.
  return Object.defineProperty(config, 'toJSON', { value: () => withoutSecrets(schema, config) })
}

function withoutSecrets<S extends Schema>(schema: S, config: Config<S>): Record<string, unknown> {
  const entries = Object.entries<unknown>(config).map(([key, value]) => {
    const hidden = schema[key]?.secret && value !== null && value !== ''
    return [key, hidden ? '[secret]' : value] as const
  })
  return Object.fromEntries(entries)
}

function shown({ default: value, secret }: Setting<unknown>): string {
  if (secret || value === null) return ''
  return Array.isArray(value) ? value.join(',') : String(value)
}

/** A file with every setting, commented out. */
export function sampleConfig(schema: Schema): string {
  const lines = Object.values(schema).map((one) => `# ${one.doc}\n#${one.env}=${shown(one)}`)
  return `${lines.join('\n\n')}\n`
}

/** The text of `--help`: how the settings are given, and each with its default. */
export function helpText(name: string, schema: Schema): string {
  const width = Math.max(...Object.values(schema).map(({ env }) => env.length))
  const lines = Object.values(schema).map((one) => {
    const value = shown(one)
    return `  ${one.env.padEnd(width)}  ${one.doc}${value ? ` (${value})` : ''}`
  })
  const head = `${name}: settings come from the environment, or from lines NAME=value in CONFIG_FILE.`
  return `${head}\n\n${lines.join('\n')}\n`
}

/** The table of settings for a README. */
export function configTable(schema: Schema): string {
  const rows = Object.values(schema).map((one) => {
    const value = shown(one)
    return `| \`${one.env}\` | ${one.doc}${one.secret ? ' (secret)' : ''} | ${value && `\`${value}\``} |`
  })
  return ['| Setting | What it is | Default |', '|---|---|---|', ...rows, ''].join('\n')
}
