import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromHex, type Keypair, keypairFromSeed, ProtocolError, toHex } from '@pubky/protocol'
import { type Logger, StartError } from '@pubky/server-kit'
import { type HomeserverConfig, isPrivate } from './config.ts'

function parseSeed(text: string, where: string): Keypair {
  try {
    return keypairFromSeed(fromHex(text.trim()))
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new StartError('invalid_config', `${where} must hold 64 hexadecimal digits.`, cause)
  }
}

/** A key that others on the machine could have read is worth a warning, and not left as it is. */
async function closeToOthers(file: string, log: Logger): Promise<void> {
  const { mode } = await stat(file)
  if ((mode & 0o077) === 0) return
  log.warn({ file }, 'the secret key could be read by others; it is now closed to them')
  await chmod(file, 0o600)
}

/** The server's key: from the configuration, else from the file `secret`, made at first start. */
export async function readKeypair(
  config: Pick<HomeserverConfig, 'secretSeed' | 'dataDir'>,
  random: (bytes: number) => Uint8Array,
  log: Logger,
): Promise<Keypair> {
  if (config.secretSeed !== null) return parseSeed(config.secretSeed, 'SECRET_SEED')
  const file = join(config.dataDir, 'secret')
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  try {
    const text = await readFile(file, 'utf8')
    await closeToOthers(file, log)
    return parseSeed(text, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const seed = random(32)
  await writeFile(file, toHex(seed), { mode: 0o600, flag: 'wx' })
  await chmod(file, 0o600)
  return keypairFromSeed(seed)
}

/** The key that everybody knows is for one machine alone, also where it comes from a file. */
export function refuseWeakKey(config: HomeserverConfig, keypair: Keypair): void {
  if (isPrivate(config) || !keypair.secretKey.every((byte) => byte === 0)) return
  throw new StartError(
    'invalid_config',
    'Outside the local network the all-zero secret key must be replaced.',
  )
}
