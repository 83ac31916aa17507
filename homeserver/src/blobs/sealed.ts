import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { BlobStoreSettings } from '@pubky/server-kit'

type Bucket = BlobStoreSettings['s3']

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

function keyOf(secret: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'pubky homeserver: way to a bucket', 32))
}

/** How to reach a bucket, for processes with the same secret key only. */
export function sealBucket(bucket: Bucket, secret: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, keyOf(secret), nonce)
  const body = [cipher.update(JSON.stringify(bucket), 'utf8'), cipher.final()]
  return Buffer.concat([nonce, ...body, cipher.getAuthTag()])
}

/** Null when it was sealed with another key. */
export function openBucket(sealed: Uint8Array, secret: Uint8Array): Bucket | null {
  const end = sealed.length - TAG_BYTES
  if (end < NONCE_BYTES) return null
  try {
    const decipher = createDecipheriv(CIPHER, keyOf(secret), sealed.subarray(0, NONCE_BYTES))
    decipher.setAuthTag(sealed.subarray(end))
    const body = [decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()]
    return JSON.parse(Buffer.concat(body).toString('utf8')) as Bucket
  } catch {
    return null
  }
}
