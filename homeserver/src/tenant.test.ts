import { isPublicKey, type PublicKeyZ32, randomKeypair } from '@pubky/protocol'
import { expect, test } from 'vitest'
import { headerTenant } from './tenant.ts'

const [ann, bob] = [randomKeypair().publicKey, randomKeypair().publicKey]

/** A key whose text happens to begin like the form that is made for people's eyes. */
function keyBeginningWithPubky(): PublicKeyZ32 {
  for (;;) {
    const text = `pubky${randomKeypair().publicKey.slice(5)}`
    if (isPublicKey(text)) return text
  }
}

test('the header names the tenant before the host, and the host before the query', () => {
  const query = `a=b&pubky-host=${bob}`
  expect(headerTenant({ host: ann, 'pubky-host': bob }, '')).toBe(bob)
  expect(headerTenant({ host: `_pubky.${ann}` }, query)).toBe(ann)
  expect(headerTenant({ host: 'localhost:6286' }, query)).toBe(bob)
  expect(headerTenant({ host: 'home.example' }, '')).toBeNull()
})

test('prefixed keys and values of a query that are none are passed over', () => {
  expect(headerTenant({ host: ann, 'pubky-host': `pubky${bob}` }, '')).toBe(ann)
  expect(headerTenant({}, `pubky-host=pubky${ann}&pubky-host=x&pubky-host=${bob}`)).toBe(bob)
  expect(headerTenant({ 'pubky-host': `${ann}, ${bob}` }, '')).toBeNull()
})

test('a key that begins with the letters of the prefix is a key like any other', () => {
  const key = keyBeginningWithPubky()
  expect(headerTenant({ 'pubky-host': key }, '')).toBe(key)
  expect(headerTenant({ 'pubky-host': `pubky${key}` }, '')).toBeNull()
})
