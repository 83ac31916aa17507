import { parseArgs } from 'node:util'
import { zoneError } from '../errors.ts'

export interface CliOptions {
  command: string
  args: string[]
  network: 'local' | 'mainnet'
  relays: string[]
  bootstrap: string[]
  forward: string | null
  seed: string
  checkEveryMs: number
}

const COMMANDS = ['generate', 'publickey', 'resolve', 'trace', 'check', 'publish', 'keep-alive']

/** Public relays (spec/discovery.md 0), and the one of `npm start`. */
const RELAYS = {
  local: ['http://localhost:15411'],
  mainnet: ['https://pkarr.pubky.app', 'https://pkarr.pubky.org'],
}

/** Reads the command line. Throws `usage`. */
export function parseCli(argv: readonly string[]): CliOptions {
  const { values, positionals } = parse(argv)
  const [command = '', ...args] = positionals
  if (!COMMANDS.includes(command))
    throw zoneError('usage', command ? `there is no command ${command}` : 'name a command')
  const { network } = values
  if (network !== 'local' && network !== 'mainnet')
    throw zoneError('usage', '--network is local or mainnet')
  const seconds = Number(values['check-every'])
  if (!(seconds >= 1)) throw zoneError('usage', '--check-every wants seconds')
  return {
    command,
    args,
    network,
    relays: values.relay.length > 0 ? values.relay : RELAYS[network],
    bootstrap: values.bootstrap,
    forward: values.forward ?? null,
    seed: values.seed,
    checkEveryMs: seconds * 1000,
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        network: { type: 'string', default: 'local' },
        relay: { type: 'string', multiple: true, default: [] },
        bootstrap: { type: 'string', multiple: true, default: [] },
        forward: { type: 'string' },
        seed: { type: 'string', default: 'seed.txt' },
        'check-every': { type: 'string', default: '60' },
      },
    })
  } catch (cause) {
    const text = cause instanceof Error ? (cause.message.split('. ')[0] ?? '') : ''
    throw zoneError('usage', text, cause)
  }
}
