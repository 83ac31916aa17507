export interface Places {
  /** Throws when there are too many; otherwise what gives the place back. */
  take(address: string): () => void
  total(): number
}

/** How many hold something for as long as they like, in all and by client address. */
export function createPlaces(o: {
  max: number
  maxPerAddress: number
  /** What is thrown when nobody finds a place any more, and when one address has all of its own. */
  full: () => Error
  fullHere: () => Error
}): Places {
  const byAddress = new Map<string, number>()
  let total = 0
  return {
    total: () => total,
    take(address) {
      const own = byAddress.get(address) ?? 0
      if (own >= o.maxPerAddress) throw o.fullHere()
      if (total >= o.max) throw o.full()
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
