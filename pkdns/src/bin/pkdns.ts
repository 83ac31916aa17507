import { createLogger, runUntilSignal } from '@pubky/server-kit'
import { readConfig } from '../config-file.ts'
import { startPkdns } from '../start.ts'

const log = createLogger('pkdns')

await runUntilSignal(log, () => startPkdns(readConfig(process.env, log), { log }))
