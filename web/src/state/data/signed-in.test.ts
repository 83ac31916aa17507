import { expect, test } from 'vitest'
import { parseSessions } from './signed-in.ts'

const grant = {
  id: 'grant-abc',
  kind: 'grant',
  client: 'notes.example',
  key: 'a-key',
  capabilities: ['/pub/notes.example/:rw'],
  created_at: 1_800_000_000,
  last_used_at: 1_800_000_060,
  expires_at: 1_900_000_000,
  current: false,
}

test('sessions are read, this browser first, the one that asks left out', () => {
  const cookie = {
    ...grant,
    id: 'cookie-1',
    kind: 'cookie',
    client: '',
    key: undefined,
    expires_at: null,
  }
  const asking = { ...grant, id: 'grant-door', current: true }
  const here = { ...grant, id: 'grant-here', client: 'pubky.app', last_used_at: null }
  const answer = { sessions: [grant, cookie, asking, here] }
  expect(parseSessions(answer, 'grant-here')).toEqual([
    expect.objectContaining({ id: 'grant-here', isHere: true, lastUsedMs: null }),
    {
      id: 'grant-abc',
      kind: 'grant',
      client: 'notes.example',
      key: 'a-key',
      capabilities: ['/pub/notes.example/:rw'],
      createdMs: 1_800_000_000_000,
      lastUsedMs: 1_800_000_060_000,
      expiresMs: 1_900_000_000_000,
      isHere: false,
    },
    expect.objectContaining({ id: 'cookie-1', client: '', key: null, expiresMs: null }),
  ])
})

test('what is no session is left out', () => {
  for (const answer of [null, 7, {}, { sessions: 'x' }, { sessions: [null, 7, { id: 'a' }] }])
    expect(parseSessions(answer, null)).toEqual([])
  const other = { ...grant, kind: 'magic' }
  expect(parseSessions({ sessions: [other] }, null)).toEqual([])
})
