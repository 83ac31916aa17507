import { createLogger, runUntilSignal } from '@pubky/server-kit'
import { tellConfig } from '../config-tools.ts'
import { keepHeapSmall } from '../heap.ts'
import { readConfig } from '../read-config.ts'
import { startHomeserver } from '../start.ts'

keepHeapSmall()
const [option] = process.argv.slice(2)
if (option === undefined)
  await runUntilSignal(createLogger('homeserver'), () => startHomeserver(readConfig(process.env)))
else
  process.exitCode = await tellConfig(option, {
    env: process.env,
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  })
