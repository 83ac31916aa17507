import { networkOf } from '@pubky/server-kit'
import { refusals } from '../errors.ts'

/** How many event streams are open, in all and by client address: each takes memory for as long as it likes. */
export interface StreamPlaces {
  /** Throws when there are too many; otherwise what gives the place back. */
  take(ip: string): () => void
}

export function createStreamPlaces(o: { max: number; maxPerAddress: number }): StreamPlaces {
  const byAddress = new Map<string, number>()
  let total = 0
  return {
    take(ip) {
      const address = networkOf(ip)
      const own = byAddress.get(address) ?? 0
      if (own >= o.maxPerAddress) throw refusals.tooManyStreams()
      if (total >= o.max) throw refusals.noStreamsLeft()
      total += 1
      byAddress.set(address, own + 1)
      return () => {
        total -= 1
        const left = (byAddress.get(address) ?? 1) - 1
        if (left > 0) byAddress.set(address, left)
        else byAddress.delete(address)
      }
    },
  }
}
