import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createLogger, helpText, StartError, sampleConfig } from '@pubky/server-kit'
import { homeserverSettings } from './config.ts'
import { readConfig } from './read-config.ts'
import { readKeypair, refuseWeakKey } from './secret.ts'

const OPTIONS = `
  --check-config   tells everything that is wrong with the configuration, and ends
  --sample-config  prints a file with every setting, commented out
  --help           prints this
`

/** Throws with what is wrong; touches nothing. */
async function check(env: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(env)
  const isMade = config.secretSeed !== null || existsSync(join(config.dataDir, 'secret'))
  if (!isMade) return
  const log = createLogger('homeserver', { level: 'silent' })
  refuseWeakKey(config, await readKeypair(config, () => new Uint8Array(32), log))
}

export interface Terminal {
  env: NodeJS.ProcessEnv
  out(text: string): void
  err(text: string): void
}

/** Answers an option of the command line; returns the exit code. */
export async function tellConfig(option: string, { env, out, err }: Terminal): Promise<number> {
  switch (option) {
    case '--help':
      out(helpText('homeserver', homeserverSettings) + OPTIONS)
      return 0
    case '--sample-config':
      out(sampleConfig(homeserverSettings))
      return 0
    case '--check-config':
      try {
        await check(env)
      } catch (error) {
        if (!(error instanceof StartError)) throw error
        err(error.problems.map((one) => `- ${one}\n`).join(''))
        return 1
      }
      out('The configuration is fine.\n')
      return 0
    default:
      err(`There is no option ${option}.\n${OPTIONS}`)
      return 2
  }
}
