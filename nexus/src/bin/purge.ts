import { parseArgs } from 'node:util'
import { nowMicros } from '@pubky/protocol'
import { loadConfig } from '@pubky/server-kit'
import { nexusSettings } from '../config.ts'
import { parsePurgeTarget, purge } from '../purge.ts'

const USAGE = 'Usage: purge KEY|pubky://KEY/PATH --reason TEXT'

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { reason: { type: 'string' } },
  })
  const [target] = positionals
  if (target === undefined || positionals.length > 1 || !values.reason) throw new Error(USAGE)
  const { owner, path } = parsePurgeTarget(target)
  const file = process.env.CONFIG_FILE
  const config = loadConfig(nexusSettings, file ? { file } : {})
  const nowMs = Number(nowMicros() / 1000n)
  const count = await purge(config, { owner, path, reason: values.reason, nowMs })
  process.stdout.write(`Purged ${count} ${count === 1 ? 'entry' : 'entries'}.\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
