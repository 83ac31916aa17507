import { createLogger, loadConfig, runUntilSignal } from '@pubky/server-kit'
import { httpRelaySettings } from '../config.ts'
import { startHttpRelay } from '../start.ts'

const log = createLogger('http-relay')

await runUntilSignal(log, () => {
  const file = process.env.CONFIG_FILE
  return startHttpRelay(loadConfig(httpRelaySettings, file ? { file } : {}), { log })
})
