import { beforeEach, expect, test, vi } from 'vitest'
import {
  type Account,
  makeCurrent,
  putAccount,
  removeAccount,
  repairViewerCookie,
} from './accounts.ts'

const [ann, bob, cid] = ['a', 'b', 'c'].map((letter) => letter.repeat(52)) as [
  string,
  string,
  string,
]

const account = (user: string, stage: Account['stage'] = 'ready'): Account => ({
  user,
  stage,
  backup: 'done',
  client: null,
  grant: null,
})

const jar = new Map<string, string>()
beforeEach(() => {
  const kept = new Map<string, string>()
  jar.clear()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  })
  vi.stubGlobal('document', {
    get cookie() {
      return [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    },
    set cookie(line: string) {
      const [, name = '', value = '', age] =
        /^(\w+)=(.*?); path=\/; max-age=(\d+); samesite=lax$/.exec(line) ?? []
      if (Number(age) > 0) jar.set(name, value)
      else jar.delete(name)
    },
  })
  return () => vi.unstubAllGlobals()
})

test('the server is told how many other accounts are ready, and nothing about them', () => {
  putAccount(account(ann))
  expect(jar.get('others')).toBeUndefined()
  putAccount(account(bob))
  expect(jar.get('others')).toBe('1')
  putAccount(account(cid, 'profile'))
  // Nobody ready is in front.
  expect(jar.get('others')).toBe('2')
  makeCurrent(ann)
  expect(jar.get('others')).toBe('1')
  removeAccount(bob)
  expect(jar.get('others')).toBeUndefined()
})

test('a browser that never told is made to, without a reload', () => {
  putAccount(account(ann))
  putAccount(account(bob))
  jar.delete('others')
  expect(repairViewerCookie(bob)).toBe(false)
  expect(jar.get('others')).toBe('1')
})

test('more than nine are nine', () => {
  for (const letter of 'defghijkmnop') putAccount(account(letter.repeat(52)))
  expect(jar.get('others')).toBe('9')
})
