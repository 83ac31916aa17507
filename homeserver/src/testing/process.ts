import { createLogger, runUntilSignal } from '@pubky/server-kit'
import { keepHeapSmall } from '../heap.ts'
import { readConfig } from '../read-config.ts'
import { startHomeserver } from '../start.ts'

keepHeapSmall()

/** A homeserver on free ports for a test to kill; its record goes nowhere. */
await runUntilSignal(createLogger('homeserver'), () =>
  startHomeserver(
    { ...readConfig(process.env), port: 0, adminPort: 0, signupMode: 'open' },
    { pkarr: { resolve: async () => null, publish: async () => ({ stored: 1 }) } },
  ),
)
