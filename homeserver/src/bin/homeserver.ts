import { createLogger, loadConfig, runUntilSignal } from '@pubky/server-kit'
import { homeserverSettings } from '../config.ts'
import { startHomeserver } from '../start.ts'

await runUntilSignal(createLogger('homeserver'), () => {
  const file = process.env.CONFIG_FILE
  return startHomeserver(loadConfig(homeserverSettings, file ? { file } : {}))
})
