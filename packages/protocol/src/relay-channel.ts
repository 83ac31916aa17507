import { toBase64Url } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { blake3Sync } from './hash.ts'
import { openBox, sealBox } from './secretbox.ts'

const SECRET_BYTES = 32

function checkSecret(secret: Uint8Array): void {
  if (secret.length !== SECRET_BYTES)
    throw new ProtocolError('invalid_secret_key', 'the secret of a channel has 32 bytes')
}

/** Name of the channel that belongs to a 32-byte secret (spec/homeserver.md 3.2). */
export function channelId(secret: Uint8Array): string {
  checkSecret(secret)
  return toBase64Url(blake3Sync(secret))
}

/** `base` may end in a slash or not. */
export function channelUrl(base: string, secret: Uint8Array): string {
  return `${base.endsWith('/') ? base.slice(0, -1) : base}/${channelId(secret)}`
}

/** The empty message stays empty. */
export function encryptForChannel(
  secret: Uint8Array,
  plaintext: Uint8Array,
  nonce?: Uint8Array,
): Uint8Array {
  checkSecret(secret)
  return plaintext.length === 0 ? new Uint8Array() : sealBox(secret, plaintext, nonce)
}

/** Throws `invalid_channel_message`. */
export function decryptFromChannel(secret: Uint8Array, sealed: Uint8Array): Uint8Array {
  checkSecret(secret)
  if (sealed.length === 0) return new Uint8Array()
  const plaintext = openBox(secret, sealed)
  if (!plaintext)
    throw new ProtocolError('invalid_channel_message', 'not a message of this channel')
  return plaintext
}
