import { randomKeypair } from '@pubky/protocol'
import { createLogger, helpText, StartError, sampleConfig } from '@pubky/server-kit'
import { homeserverSettings } from './config.ts'
import { readConfig } from './read-config.ts'
import { readKeypair, refuseWeakSecrets } from './secret.ts'

const OPTIONS = `
  --check-config   tells everything that is wrong with the configuration, and ends
  --sample-config  prints a file with every setting, commented out
  --help           prints this
`

/** Throws with what is wrong; touches nothing. */
async function check(): Promise<void> {
  const config = readConfig(process.env)
  const log = createLogger('homeserver')
  const keypair =
    config.secretSeed === null
      ? randomKeypair()
      : await readKeypair(config, () => new Uint8Array(32), log)
  refuseWeakSecrets(config, keypair)
}

/** Answers an option of the command line; returns the exit code. */
export async function tellConfig(option: string): Promise<number> {
  switch (option) {
    case '--help':
      process.stdout.write(helpText('homeserver', homeserverSettings) + OPTIONS)
      return 0
    case '--sample-config':
      process.stdout.write(sampleConfig(homeserverSettings))
      return 0
    case '--check-config':
      try {
        await check()
      } catch (error) {
        if (!(error instanceof StartError)) throw error
        const problems = error.message.replace(/\.$/, '').split('; ')
        process.stderr.write(problems.map((one) => `- ${one}\n`).join(''))
        return 1
      }
      process.stdout.write('The configuration is fine.\n')
      return 0
    default:
      process.stderr.write(`There is no option ${option}.\n${OPTIONS}`)
      return 2
  }
}
