import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { StackError } from './errors.ts'
import { DEFAULT_PORTS, type PortName, type Ports, SERVICES, type ServiceName } from './network.ts'

export interface StartOptions {
  dataDir: string
  /** No demo community at the first start. */
  empty: boolean
  open: boolean
  ports: Ports
  without: ReadonlySet<ServiceName>
  network: 'local' | 'mainnet'
}

export const USAGE = `npm start -- [options]

  --data DIR           the data folder (PUBKY_DATA, or .data in the repository)
  --empty              start without the demo community
  --open               open the web app in a browser
  --port NAME=N        another port; names: ${Object.keys(DEFAULT_PORTS).join(', ')}
  --without NAME       leave out a service: ${SERVICES.join(', ')}
  --network NAME       local (default) or mainnet
  --help               this text
`

function isService(name: string): name is ServiceName {
  return SERVICES.some((known) => known === name)
}

function isPortName(name: string): name is PortName {
  return Object.hasOwn(DEFAULT_PORTS, name)
}

function refuse(message: string): never {
  throw new StackError('unknown_option', `${message} See npm start -- --help.`)
}

function parsePort(text: string): [PortName, number] {
  const [name = '', value = ''] = text.split('=')
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN
  if (!isPortName(name)) refuse(`--port ${text}: there is no port named "${name}".`)
  if (!(port <= 65_535)) refuse(`--port ${text}: a port is a number up to 65535.`)
  return [name, port]
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: 'string' },
        empty: { type: 'boolean', default: false },
        open: { type: 'boolean', default: false },
        port: { type: 'string', multiple: true, default: [] },
        without: { type: 'string', multiple: true, default: [] },
        network: { type: 'string', default: 'local' },
      },
    }).values
  } catch (error) {
    return refuse(error instanceof Error ? `${error.message.split('. ')[0]}.` : 'Unknown option.')
  }
}

/** The switches of `npm start`; throws `unknown_option` with one sentence. */
export function parseOptions(
  args: readonly string[],
  o: { repository: string; env?: NodeJS.ProcessEnv },
): StartOptions {
  const given = parse(args)
  const without = given.without.map((name) =>
    isService(name) ? name : refuse(`--without ${name}: there is no such service.`),
  )
  const { network } = given
  if (network !== 'local' && network !== 'mainnet')
    return refuse(`--network ${network}: there is local and mainnet.`)
  // Relative to where the person is, not to where npm changes to.
  const { PUBKY_DATA, INIT_CWD } = o.env ?? process.env
  const folder = given.data ?? PUBKY_DATA
  return {
    dataDir: folder ? resolve(INIT_CWD ?? '.', folder) : resolve(o.repository, '.data'),
    empty: given.empty,
    open: given.open,
    ports: { ...DEFAULT_PORTS, ...Object.fromEntries(given.port.map(parsePort)) },
    without: new Set(without),
    network,
  }
}
