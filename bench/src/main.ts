import { parseArgs } from 'node:util'
import type { Figures } from './result.ts'
import { writeResult } from './result.ts'

type Run = (o: { seed: number }) => Promise<Figures>

/** `npm run bench [NAME…]`: ratios against a baseline in the same run, ten minutes in all. */
const BENCHES: Record<string, () => Promise<Run>> = {
  homeserver: async () => (await import('./homeserver.ts')).run,
  'homeserver-streams': async () => (await import('./homeserver-streams.ts')).run,
  'web-size': async () => (await import('./web-size.ts')).run,
  lighthouse: async () => (await import('./lighthouse.ts')).run,
  discovery: async () => (await import('./discovery.ts')).run,
  network: async () => (await import('./network-bench.ts')).run,
}

/** Parts of benchmarks, for those who work on them: run by name, and nothing is written down. */
const PARTS: Record<string, () => Promise<Run>> = {
  'network-latency': async () => (await import('./network-latency.ts')).run,
}

/** `npm run prove -- NAME`: proofs at the size an issue names. */
const PROOFS: Record<string, () => Promise<Run>> = {
  convergence: async () => (await import('./convergence.ts')).run,
  kill: async () => (await import('./kill-test/kill.ts')).run,
  'kill-stores': async () => (await import('./kill-test/kill-stores.ts')).run,
  load: async () => (await import('./load-proof.ts')).run,
  'fuzz-homeserver': async () => (await import('./fuzz-homeserver/fuzz.ts')).run,
  'fuzz-discovery': async () => (await import('./fuzz-discovery/fuzz.ts')).run,
  simulator: async () => (await import('./simulator/simulator.ts')).run,
  moving: async () => (await import('./moving/moving.ts')).run,
  'moving-large': async () => (await import('./moving/moving-large.ts')).run,
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' } },
})
const [command, ...names] = positionals
const known = command === 'prove' ? PROOFS : { ...BENCHES, ...PARTS }
const chosen = names.length > 0 || command === 'prove' ? names : Object.keys(BENCHES)
const unknown = chosen.filter((name) => !(name in known))

if (unknown.length > 0 || (command === 'prove' && chosen.length === 0)) {
  console.error(`Choose from: ${Object.keys(known).join(', ')}.`)
  process.exitCode = 1
} else {
  const seed = Number(values.seed)
  for (const name of chosen) {
    const run = await known[name]?.()
    if (!run) continue
    console.log(`── ${name}`)
    const figures = await run({ seed })
    console.log(JSON.stringify(figures, null, 2))
    if (!(name in PARTS)) writeResult(name, figures, command === 'prove' ? seed : undefined)
  }
}
