import { createLogger, loadConfig, runUntilSignal } from '@pubky/server-kit'
import { nexusSettings } from '../config.ts'
import { startNexus } from '../start.ts'

await runUntilSignal(createLogger('nexus'), () => {
  const file = process.env.CONFIG_FILE
  return startNexus(loadConfig(nexusSettings, file ? { file } : {}))
})
