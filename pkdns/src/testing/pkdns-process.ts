import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { PkdnsUrls } from '../start.ts'

const bin = new URL('../bin/pkdns.ts', import.meta.url).pathname

export interface PkdnsProcess {
  child: ChildProcess
  urls: PkdnsUrls
}

/** For tests: PKDNS as people start it, in a process of its own, on free ports unless `env` names them. */
export async function launchPkdns(env: Record<string, string>): Promise<PkdnsProcess> {
  const ports = { RELAY_PORT: '0', DHT_PORT: '0', DNS_PORT: '0', DOH_PORT: '0' }
  const child = spawn(process.execPath, ['--import', 'tsx', bin], {
    env: { ...process.env, ...ports, LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [message] = (await once(child, 'message')) as [{ ready?: PkdnsUrls }]
  if (!message.ready) throw new Error('pkdns did not start')
  return { child, urls: message.ready }
}

/** Ends it in the middle of whatever it does. */
export async function killPkdns({ child }: PkdnsProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
