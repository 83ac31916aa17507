import { seedDemo } from '../demo/seed.ts'
import type { LocalNetwork } from '../network.ts'

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
// A supervisor that was killed cannot say so.
const parent = process.ppid
setInterval(() => process.ppid !== parent && stop.abort(), 1000).unref()

try {
  const network = JSON.parse(process.env.LOCAL_NETWORK ?? '') as LocalNetwork
  await seedDemo(network, { signal: stop.signal })
  console.log('  The demo community has moved in.')
} catch (error) {
  process.exitCode = 1
  if (!stop.signal.aborted)
    console.error(
      `  The demo community could not move in: ${error instanceof Error ? error.message : error}`,
    )
}
