import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Logger, loadConfig, sampleConfig } from '@pubky/server-kit'
import { type PkdnsConfig, pkdnsSettings } from './config.ts'

/**
 * Settings from the environment and from the file that `CONFIG_FILE` names. A file that is missing is
 * made, with every setting in it as a comment; one that is there is never written.
 */
export function readConfig(env: NodeJS.ProcessEnv, log: Pick<Logger, 'info'>): PkdnsConfig {
  const file = env.CONFIG_FILE
  if (!file) return loadConfig(pkdnsSettings, { env })
  mkdirSync(dirname(file), { recursive: true })
  try {
    writeFileSync(file, sampleConfig(pkdnsSettings), { flag: 'wx' })
    log.info({ file }, 'made a file of settings')
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    if (!isThere) throw error
  }
  return loadConfig(pkdnsSettings, { env, file })
}
