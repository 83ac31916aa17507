import type { FewNodes } from '@pubky/dht'
import type { Logger } from '@pubky/server-kit'

const TEXTS: Readonly<Record<FewNodes['what'], string>> = {
  stored: 'stored a publication',
  queried: 'were asked in a look-up',
  responded: 'answered a look-up',
}
const EVERY_MICROS = 60_000_000n

export function fewNodesText({ what, count, least }: FewNodes): string {
  return `Only ${count} DHT ${count === 1 ? 'node' : 'nodes'} ${TEXTS[what]}; ${least} or more are usual.`
}

/** Warns of each kind once a minute: in a bad hour every question has the same to tell. */
export function fewNodesLog(
  log: Pick<Logger, 'warn'>,
  clock: () => bigint,
): (few: FewNodes) => void {
  const told = new Map<FewNodes['what'], { at: bigint; silent: number }>()
  return (few) => {
    const now = clock()
    const last = told.get(few.what)
    if (last && now - last.at < EVERY_MICROS) {
      last.silent += 1
      return
    }
    told.set(few.what, { at: now, silent: 0 })
    log.warn({ ...few, notTold: last?.silent ?? 0 }, fewNodesText(few))
  }
}
