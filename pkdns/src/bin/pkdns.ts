import { createLogger, loadConfig, runUntilSignal } from '@pubky/server-kit'
import { pkdnsSettings } from '../config.ts'
import { startPkdns } from '../start.ts'

const log = createLogger('pkdns')

await runUntilSignal(log, () => {
  const file = process.env.CONFIG_FILE
  return startPkdns(loadConfig(pkdnsSettings, file ? { file } : {}), { log })
})
