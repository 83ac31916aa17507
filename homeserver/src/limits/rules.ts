import { createHash } from 'node:crypto'
import { createRateLimiter, networkOf, type SharedRateLimiter } from '@pubky/server-kit'
import { requestRateOf } from './rate.ts'

/** How often one address or one account may make requests of a kind (spec/homeserver.md 5.6). */
export interface RateRule {
  text: string
  /** The same in every process with the same rule. */
  id: string
  method: string
  pattern: string
  path: RegExp
  count: number
  seconds: number
  burst: number
  key: 'ip' | 'user'
  except: ReadonlySet<string>
}

/** `*` stands for anything but a slash, `**` for anything. */
function globToRegExp(glob: string): RegExp {
  const parts = glob.split(/(\*\*|\*)/).map((part) => {
    if (part === '**') return '[^]*'
    return part === '*' ? '[^/]*' : part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&')
  })
  return new RegExp(`^${parts.join('')}$`)
}

/** `GET /signup_tokens/* 10r/m ip burst=5 except=127.0.0.1|10.0.0.7`; throws with what is wrong. */
export function parseRateRule(text: string): RateRule {
  const wrong = (what: string) => new TypeError(`has a rule "${text}" ${what}`)
  const [method = '', path = '', quota = '', key = 'ip', ...options] = text.split(/\s+/)
  if (!/^(?:GET|HEAD|PUT|POST|DELETE|PATCH|\*)$/.test(method)) throw wrong('without a method')
  if (!path.startsWith('/')) throw wrong('without a path')
  const rate = requestRateOf(quota)
  if (!rate) throw wrong('without a rate like 10r/m')
  if (key !== 'ip' && key !== 'user') throw wrong('whose key is neither ip nor user')
  const id = createHash('sha256').update(text).digest('base64url').slice(0, 8)
  const rule = { text, id, method, pattern: path, path: globToRegExp(path), ...rate, key }
  let burst = rate.count
  let except: string[] = []
  for (const option of options) {
    const [name, value = ''] = option.split('=', 2)
    if (name === 'burst' && /^[1-9]\d{0,8}$/.test(value)) burst = Number(value)
    else if (name === 'except' && value !== '') except = value.split('|')
    else throw wrong(`with an unknown option ${option}`)
  }
  return { ...rule, key, burst, except: new Set(except) }
}

export function parseRateRules(text: string): RateRule[] {
  return text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseRateRule)
}

/** Who makes a request; `user` is whom it is about, null when nobody is named. */
export interface Asker {
  method: string
  /** Relative to the owner. */
  path: string
  ip: string
  user(): string | null
}

export type RuleVerdict =
  | { result: 'ok' }
  | { result: 'limited'; rule: RateRule; key: string; retryAfterSeconds: number }
  | { result: 'no_key' }

const OK: RuleVerdict = { result: 'ok' }

export interface RuleChecker {
  check(asker: Asker): RuleVerdict
  /** Whether there is a rule for a method. */
  concernsAny(method: string): boolean
  /** Whether any rule is about such requests. */
  concern(method: string, path: string): boolean
  /** Counts what other processes let through under the same rule. */
  spend(rule: string, key: string, count: number): void
}

/** Checks requests against rules, with one bounded table of buckets for each. */
export function createRuleChecker(
  rules: readonly RateRule[],
  nowMs: () => number,
  onPass: (rule: string, key: string) => void = () => {},
): RuleChecker {
  const limited = rules.map((rule) => {
    const { burst: capacity, count, seconds } = rule
    const limiter = createRateLimiter({ capacity, refillPerSecond: count / seconds, nowMs })
    return { rule, limiter }
  })
  const byMethod = new Map<string, { rule: RateRule; limiter: SharedRateLimiter }[]>()
  for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PATCH'])
    byMethod.set(
      method,
      limited.filter(({ rule }) => rule.method === '*' || rule.method === method),
    )
  return {
    check(asker) {
      for (const { rule, limiter } of byMethod.get(asker.method) ?? []) {
        if (!rule.path.test(asker.path)) continue
        const key = rule.key === 'ip' ? networkOf(asker.ip) : asker.user()
        if (key === null) return { result: 'no_key' }
        if (rule.except.has(key) || rule.except.has(asker.ip)) continue
        const verdict = limiter.take(key)
        if (!verdict.ok) return { result: 'limited', rule, key, ...verdict }
        onPass(rule.id, key)
      }
      return OK
    },
    concernsAny: (method) => (byMethod.get(method)?.length ?? 0) > 0,
    concern(method, path) {
      return (byMethod.get(method) ?? []).some(({ rule }) => rule.path.test(path))
    },
    spend(id, key, count) {
      for (const { rule, limiter } of limited) if (rule.id === id) limiter.spend(key, count)
    },
  }
}
