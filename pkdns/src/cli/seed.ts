import { readFile } from 'node:fs/promises'
import { decodeZ32, type Keypair, keypairFromSeed, ProtocolError } from '@pubky/protocol'
import { zoneError } from '../errors.ts'

/** Reads a seed: 64 hexadecimal digits, or 52 characters of z-base-32 as older tools write. */
export function parseSeed(text: string): Keypair {
  const seed = text.trim()
  if (/^[0-9a-f]{64}$/i.test(seed))
    return keypairFromSeed(Uint8Array.from(Buffer.from(seed, 'hex')))
  try {
    if (seed.length === 52) return keypairFromSeed(decodeZ32(seed))
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
  throw zoneError('seed_invalid')
}

export async function readSeed(file: string): Promise<Keypair> {
  return parseSeed(await readFile(file, 'utf8'))
}
