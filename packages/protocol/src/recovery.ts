import { concat, equalBytes, utf8 } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { type Keypair, keypairFromSeed } from './keys.ts'
import { NONCE_BYTES, openBox, sealBox } from './secretbox.ts'

const SPEC_LINE = 'pubky.org/recovery'
const OLD_SPEC_LINE = 'pkarr.org/recovery'
const LINE_FEED = 0x0a
const SECRET_BYTES = 32

/** Argon2id, m = 19456 KiB, t = 2, p = 1, constant salt (spec/homeserver.md 4). */
async function keyOf(passphrase: string): Promise<Uint8Array> {
  const { argon2id } = await import('hash-wasm')
  return argon2id({
    password: utf8(passphrase),
    salt: utf8('recovery'),
    parallelism: 1,
    iterations: 2,
    memorySize: 19_456,
    hashLength: 32,
    outputType: 'binary',
  })
}

/**
 * 91 bytes that give the key back to whoever knows the passphrase. Throws `wrong_passphrase` when it
 * is empty and `invalid_secret_key` unless the key has 32 bytes.
 */
export async function createRecoveryFile(
  secretKey: Uint8Array,
  passphrase: string,
  nonce?: Uint8Array,
): Promise<Uint8Array> {
  if (passphrase === '') throw new ProtocolError('wrong_passphrase', 'a passphrase is needed')
  if (secretKey.length !== SECRET_BYTES)
    throw new ProtocolError('invalid_secret_key', 'a secret key has 32 bytes')
  const sealed = sealBox(await keyOf(passphrase), secretKey, nonce)
  return concat(utf8(`${SPEC_LINE}\n`), sealed)
}

function bad(message: string): never {
  throw new ProtocolError('invalid_recovery_file', message)
}

function sealedPart(file: Uint8Array): Uint8Array {
  const end = file.indexOf(LINE_FEED)
  const line = end < 0 ? new Uint8Array() : file.subarray(0, end)
  const starts = (text: string) => equalBytes(line.subarray(0, text.length), utf8(text))
  if (!starts(SPEC_LINE) && !starts(OLD_SPEC_LINE))
    bad('Recovery file should start with a spec line, followed by a new line character')
  const sealed = file.subarray(end + 1)
  if (sealed.length === 0)
    bad('Recovery file should contain an encrypted secret key after the new line character')
  if (sealed.length < NONCE_BYTES) {
    const text = `Encrypted message too small, expected at least 24 bytes nonce, received ${sealed.length} bytes`
    bad(text)
  }
  return sealed
}

/** Throws `invalid_recovery_file`, or `wrong_passphrase` (which a changed bit looks like, too). */
export async function openRecoveryFile(file: Uint8Array, passphrase: string): Promise<Keypair> {
  const sealed = sealedPart(file)
  if (passphrase === '') throw new ProtocolError('wrong_passphrase', 'aead::Error')
  const secretKey = openBox(await keyOf(passphrase), sealed)
  if (!secretKey) throw new ProtocolError('wrong_passphrase', 'aead::Error')
  if (secretKey.length !== SECRET_BYTES)
    bad(`Recovery file encrypted secret key should be 32 bytes, got ${secretKey.length}`)
  return keypairFromSeed(secretKey)
}
