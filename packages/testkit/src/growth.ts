/** Time of the processor, which others that are busy do not add to; the best of some tries. */
function costOf(work: () => unknown): number {
  const costs = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return user + system
  })
  return Math.min(...costs)
}

/**
 * How many times as much something costs for four times the size: 4 where it grows in proportion, 16
 * where it grows with the square. Choose a size that takes some milliseconds.
 */
export function growth(size: number, work: (size: number) => unknown): number {
  return (
    costOf(() => work(size * 4)) /
    Math.max(
      costOf(() => work(size)),
      1,
    )
  )
}
