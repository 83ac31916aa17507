import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fromHex, keypairFromSeed } from '@pubky/protocol'
import type { DataFolder } from './data-folder.ts'

export interface HomeserverIdentity {
  /** 32 bytes in hex. */
  seed: string
  /** Public key in z-base-32. */
  key: string
  adminPassword: string
  signupMode: 'open' | 'token_required'
}

const ZERO_SEED = '0'.repeat(64)

async function readOrMake(file: string, make: () => string): Promise<string> {
  if (existsSync(file)) return (await readFile(file, 'utf8')).trim()
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const text = make()
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return text
}

/**
 * Who the homeserver is. On the local network everybody knows its key and password; elsewhere they
 * are random, made at the first start and kept in the data folder.
 */
export async function homeserverIdentity(
  folder: Pick<DataFolder, 'path'>,
  network: 'local' | 'mainnet',
): Promise<HomeserverIdentity> {
  const isLocal = network === 'local'
  const seed = isLocal
    ? ZERO_SEED
    : await readOrMake(folder.path('homeserver', 'secret'), () => randomBytes(32).toString('hex'))
  const adminPassword = isLocal
    ? 'admin'
    : await readOrMake(folder.path('homeserver', 'admin-password'), () =>
        randomBytes(24).toString('base64url'),
      )
  return {
    seed,
    key: keypairFromSeed(fromHex(seed)).publicKey,
    adminPassword,
    signupMode: isLocal ? 'open' : 'token_required',
  }
}
