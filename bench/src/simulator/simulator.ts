import type { Figures } from '../result.ts'
import { churn, eclipse, latency, schedule } from './experiments.ts'

/** `npm run prove -- simulator`: the policies of `packages/dht` where no machine here can put them. */
export async function run({ seed }: { seed: number }): Promise<Figures> {
  const wide = { seed, nodes: 10_000, keys: 100, deadShare: 0.2 }
  const compared = { ...wide, keys: 40, lookups: 200 }
  return {
    latency: {
      ...(await latency({ ...wide, lookups: 1000 })),
      goal: '10,000 nodes, 20 % dead: p50 below 300 ms, p99 below 1500 ms',
    },
    parallelism: {
      four: await latency({ ...compared, concurrency: 4 }),
      ten: await latency({ ...compared, concurrency: 10 }),
      twenty: await latency({ ...compared, concurrency: 20 }),
      twentyWithoutPatience: await latency({ ...compared, concurrency: 20, patience: false }),
    },
    eclipse: {
      small: await eclipse({
        seed,
        nodes: 2000,
        trials: 60,
        lookupsPerTrial: 5,
        hostileShare: 0.3,
      }),
      large: await eclipse({
        seed,
        nodes: 10_000,
        trials: 10,
        lookupsPerTrial: 10,
        hostileShare: 0.3,
      }),
      goal: 'with 30 % hostile nodes the newest record at least 99 % of the time',
    },
    churn: {
      hour: await churn({ seed, nodes: 1000, keys: 30, hours: 48, everyH: 1 }),
      fourHours: await churn({ seed, nodes: 1000, keys: 30, hours: 96, everyH: 4 }),
      halfDay: await churn({ seed, nodes: 1000, keys: 30, hours: 192, everyH: 12 }),
      day: await churn({ seed, nodes: 1000, keys: 30, hours: 384, everyH: 24 }),
      twoDays: await churn({ seed, nodes: 1000, keys: 30, hours: 768, everyH: 48 }),
    },
    schedule: schedule(),
  }
}
