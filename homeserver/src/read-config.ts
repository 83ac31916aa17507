import { existsSync } from 'node:fs'
import { loadConfig, StartError } from '@pubky/server-kit'
import {
  completeConfig,
  configProblems,
  type HomeserverConfig,
  homeserverSettings,
} from './config.ts'

/** The configuration of the environment and of the file that CONFIG_FILE names. */
export function readConfig(env: NodeJS.ProcessEnv): HomeserverConfig {
  const file = env.CONFIG_FILE
  if (file && !existsSync(file))
    throw new StartError('invalid_config', `CONFIG_FILE names ${file}, which is not there.`)
  return completeConfig(
    loadConfig(homeserverSettings, { env, check: configProblems, ...(file && { file }) }),
  )
}
