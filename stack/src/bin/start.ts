import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { StartError } from '@pubky/server-kit/errors'
import { seedOnce } from '../demo-hook.ts'
import { StackError } from '../errors.ts'
import { parseOptions, type StartOptions, USAGE } from '../options.ts'
import { findRepository, type RunningStack, startStack } from '../start.ts'

function openBrowser(url: string): void {
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open'
  const child = spawn(command, [url], { stdio: 'ignore', detached: true })
  child.once('error', () => console.log(`Open ${url} in a browser.`))
  child.unref()
}

function adminPassword(o: StartOptions, dataDir: string): string {
  if (o.network === 'local') return 'password: admin'
  return `password in ${join(dataDir, 'homeserver/admin-password')}`
}

function printAddresses(o: StartOptions, { urls }: RunningStack): void {
  const rows = [
    ['web', 'web app', urls.web],
    ['nexus', 'indexer', urls.nexus],
    ['homeserver', 'homeserver', urls.homeserver],
    ['homeserver', 'admin page', `${urls.admin} (${adminPassword(o, urls.dataDir)})`],
    ['pkdns', 'PKARR relay', urls.relay],
    ['http-relay', 'HTTP relay', urls.httpRelay],
    ['pkdns', 'DHT', urls.dht],
    ['pkdns', 'DNS', urls.dns],
    ['pkdns', 'DoH', urls.doh],
  ] as const
  console.log('')
  for (const [service, label, url] of rows)
    if (!o.without.has(service)) console.log(`  ${label.padEnd(12)} ${url}`)
  console.log(`  ${'data'.padEnd(12)} ${urls.dataDir}`)
  console.log('\nReady. Ctrl-C stops everything.')
}

const AGAIN_MS = 1000

async function run(o: StartOptions): Promise<void> {
  const stop = new Promise<void>((resolve) => {
    let sinceMs = 0
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        sinceMs ||= performance.now()
        // Who asks again does not want to wait; but npm passes on what the terminal sent already.
        if (performance.now() - sinceMs > AGAIN_MS) process.exit(130)
        resolve()
      })
  })
  const starting = startStack({ ...o, tell: (text) => console.log(`  ${text}`) })
  const running = await Promise.race([starting, stop])
  if (!running) {
    const late = await starting.catch(() => null)
    await late?.close()
    return
  }
  printAddresses(o, running)
  if (o.open) openBrowser(running.urls.web)
  const cut = new AbortController()
  const seeding = o.empty ? Promise.resolve() : seedOnce(running.urls, o, cut.signal)
  await stop
  console.log('\nStopping …')
  cut.abort()
  await seeding
  await running.close()
  console.log('Stopped.')
}

const args = process.argv.slice(2)
try {
  if (args.includes('--help')) console.log(USAGE)
  else await run(parseOptions(args, { repository: findRepository() }))
} catch (error) {
  const isTold = error instanceof StackError || error instanceof StartError
  console.error(isTold ? error.message : error)
  process.exitCode = 1
}
// Sockets of clients must not keep the process.
setTimeout(() => process.exit(), 500).unref()
