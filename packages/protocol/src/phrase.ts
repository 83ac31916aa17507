import { generateMnemonic, mnemonicToSeed, validateMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { ProtocolError } from './errors.ts'
import { type Keypair, keypairFromSeed } from './keys.ts'

/** Twelve English words of BIP39 (spec/satellites.md 4.2). A phrase cannot be made from a key. */
export function createPhrase(): string {
  return generateMnemonic(wordlist, 128)
}

export function isPhrase(text: string): boolean {
  return validateMnemonic(tidy(text), wordlist)
}

function tidy(text: string): string {
  return text.normalize('NFKD').trim().toLowerCase().split(/\s+/).join(' ')
}

/** The key of a phrase: the first half of its BIP39 seed. Throws `invalid_phrase`. */
export async function keypairFromPhrase(text: string): Promise<Keypair> {
  const phrase = tidy(text)
  if (phrase.split(' ').length !== 12 || !validateMnemonic(phrase, wordlist))
    throw new ProtocolError('invalid_phrase', 'not twelve words of a recovery phrase')
  const seed = await mnemonicToSeed(phrase)
  return keypairFromSeed(seed.subarray(0, 32))
}
