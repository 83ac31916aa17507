import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { describe, expect, it } from 'vitest'
import { concat, fromBase64Url, fromHex, toHex, utf8 } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { keypairFromSeed } from './keys.ts'
import { createPhrase, isPhrase, keypairFromPhrase } from './phrase.ts'
import { createRecoveryFile, openRecoveryFile } from './recovery.ts'
import { channelId, channelUrl, decryptFromChannel, encryptForChannel } from './relay-channel.ts'

const { passphrase, nonce, files, phrases, invalid } = readVectors<{
  passphrase: string
  nonce: string
  files: { seed: string; file: string }[]
  phrases: { phrase: string; secretKey: string; publicKey: string }[]
  invalid: { text: string; error: string }[]
}>('recovery')
const { channel } = readVectors<{
  channel: {
    ids: { secret: string; id: string }[]
    encryption: { secret: string; nonce: string; plaintext: string; sealed: string }
  }
}>('auth')

const file = fromHex(files[0]?.file ?? '')

function flipped(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte))
}

describe('a recovery file', () => {
  it.each(files)('of seed $seed has the published bytes', async ({ seed, file: hex }) => {
    const written = await createRecoveryFile(fromHex(seed), passphrase, fromHex(nonce))
    expect(toHex(written)).toBe(hex)
    expect(await openRecoveryFile(fromHex(hex), passphrase)).toEqual(keypairFromSeed(fromHex(seed)))
  })

  // covers 11.2.14c
  it('gives the key back under a nonce of its own', async () => {
    const { secretKey } = keypairFromSeed(new Uint8Array(32).fill(5))
    const [a, b] = [
      await createRecoveryFile(secretKey, 'ä b'),
      await createRecoveryFile(secretKey, 'ä b'),
    ]
    expect(a.length).toBe(91)
    expect(a).not.toEqual(b)
    expect((await openRecoveryFile(a, 'ä b')).secretKey).toEqual(secretKey)
  })

  it('may carry the older line, and more on its line', async () => {
    for (const line of ['pkarr.org/recovery\n', 'pubky.org/recovery v2\n']) {
      const other = concat(utf8(line), file.subarray(19))
      expect((await openRecoveryFile(other, passphrase)).secretKey[0]).toBe(7)
    }
  })

  it.each(invalid)('is not $text: $error', async ({ text, error }) => {
    await expect(openRecoveryFile(utf8(text), passphrase)).rejects.toThrow(error)
  })

  it('tells a wrong passphrase', async () => {
    for (const wrong of ['', 'Very secure password', 'very secure password '])
      await expect(openRecoveryFile(file, wrong)).rejects.toThrow(
        new ProtocolError('wrong_passphrase', 'aead::Error'),
      )
  })

  it('is refused when any bit is changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.nat(7), async (at, bit) => {
        await expect(openRecoveryFile(flipped(file, at, bit), passphrase)).rejects.toThrow(
          ProtocolError,
        )
      }),
      { numRuns: 25 },
    )
  })

  it('is not written without a passphrase or for something else than a key', async () => {
    await expect(createRecoveryFile(new Uint8Array(32), '')).rejects.toThrow(ProtocolError)
    await expect(createRecoveryFile(new Uint8Array(31), 'a')).rejects.toThrow(ProtocolError)
  })
})

describe('a recovery phrase', () => {
  it.each(phrases)('“$phrase” gives $publicKey', async ({ phrase, secretKey, publicKey }) => {
    const pair = await keypairFromPhrase(phrase)
    expect(toHex(pair.secretKey)).toBe(secretKey)
    expect(pair.publicKey).toBe(publicKey)
  })

  it('is read in any case and spacing', async () => {
    const { phrase, publicKey } = phrases[1] ?? { phrase: '', publicKey: '' }
    const loose = `  ${phrase.toUpperCase().replaceAll(' ', ' \n ')} `
    expect((await keypairFromPhrase(loose)).publicKey).toBe(publicKey)
  })

  it('is twelve new words each time', () => {
    const [a, b] = [createPhrase(), createPhrase()]
    expect(a.split(' ')).toHaveLength(12)
    expect(isPhrase(a)).toBe(true)
    expect(a).not.toBe(b)
  })

  it.each([
    '',
    'abandon',
    'abandon '.repeat(12),
    `${'abandon '.repeat(11)}zzzz`,
    `${'abandon '.repeat(23)}art`,
  ])('is not %j', async (text) => {
    await expect(keypairFromPhrase(text)).rejects.toThrow(
      expect.objectContaining({ code: 'invalid_phrase' }),
    )
  })
})

describe('a relay channel', () => {
  const secret = fromHex(channel.encryption.secret)
  const sealed = fromHex(channel.encryption.sealed)
  const plaintext = fromHex(channel.encryption.plaintext)

  it.each(channel.ids)('of secret $secret is $id', ({ secret: text, id }) => {
    expect(channelId(fromBase64Url(text))).toBe(id)
    for (const base of ['https://relay.example/link', 'https://relay.example/link/'])
      expect(channelUrl(base, fromBase64Url(text))).toBe(`https://relay.example/link/${id}`)
  })

  it('encrypts to the published bytes', () => {
    expect(encryptForChannel(secret, plaintext, fromHex(channel.encryption.nonce))).toEqual(sealed)
    expect(decryptFromChannel(secret, sealed)).toEqual(plaintext)
  })

  it('gives back what was encrypted, and the empty message as nothing', () => {
    expect(encryptForChannel(secret, new Uint8Array())).toEqual(new Uint8Array())
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
        const box = encryptForChannel(secret, message)
        expect(box.length).toBe(message.length === 0 ? 0 : message.length + 40)
        expect(decryptFromChannel(secret, box)).toEqual(message)
      }),
    )
  })

  it('refuses any other bytes with its error', () => {
    const refusal = expect.objectContaining({ code: 'invalid_channel_message' })
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.nat(7), (at, bit) => {
        expect(() => decryptFromChannel(secret, flipped(sealed, at, bit))).toThrow(refusal)
        if (at > 0)
          expect(() => decryptFromChannel(secret, sealed.subarray(0, at))).toThrow(refusal)
      }),
    )
    expect(() => decryptFromChannel(new Uint8Array(32), sealed)).toThrow(refusal)
  })

  it('needs a secret of 32 bytes', () => {
    for (const use of [channelId, (s: Uint8Array) => decryptFromChannel(s, sealed)])
      expect(() => use(new Uint8Array(31))).toThrow(ProtocolError)
    expect(() => encryptForChannel(new Uint8Array(), plaintext)).toThrow(ProtocolError)
  })
})
