import { expect, it } from 'vitest'
import { clientAddress } from './quota.ts'

const request = (headers: Record<string, string | string[]>, remoteAddress = '192.0.2.1') => ({
  headers,
  socket: { remoteAddress },
})

// covers 4.3.2, 8.8.5
it('a client is its peer, or behind a proxy the first address that the proxy names', () => {
  const forwarded = { 'x-forwarded-for': 'unknown, 198.51.100.7, 203.0.113.1' }
  expect(clientAddress(request(forwarded), false)).toBe('192.0.2.1')
  expect(clientAddress(request(forwarded), true)).toBe('198.51.100.7')
  expect(clientAddress(request({ 'x-real-ip': '198.51.100.8' }), true)).toBe('198.51.100.8')
  const standard = { forwarded: 'for=hidden, for="[2001:db8:1:2::7]:4711";proto=https' }
  expect(clientAddress(request(standard), true)).toBe('2001:db8:1:2')
  expect(clientAddress(request({ ...standard, ...forwarded }), true)).toBe('198.51.100.7')
  expect(clientAddress(request({ 'x-forwarded-for': 'nobody' }), true)).toBe('192.0.2.1')
  expect(clientAddress(request({}, '::ffff:192.0.2.9'), true)).toBe('192.0.2.9')
})
