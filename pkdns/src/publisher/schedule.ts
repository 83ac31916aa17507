/**
 * Survival of a node that stores an item, in hours: a Weibull curve through the conservative churn
 * figures of spec/discovery.md 7 (85.9 % after an hour, 38.9 % after a day).
 */
const SHAPE = 0.5746
const SCALE_H = 26.5

/** Chance that all nodes have gone before an item is published again. */
const LOSS_GOAL = 0.001
const LEAST_H = 1 / 6
/** What homeservers do for their users (3.5). */
const MOST_H = 4

/** The share of nodes that are still there after so many hours. */
export function survival(hours: number): number {
  return Math.exp(-((hours / SCALE_H) ** SHAPE))
}

/**
 * Milliseconds after which an item that so many nodes hold is published again: half of the time in
 * which the chance to lose all of them reaches one in a thousand.
 */
export function republishAfterMs(stored: number): number {
  if (stored < 1) return LEAST_H * 3_600_000
  const left = 1 - LOSS_GOAL ** (1 / stored)
  const hours = SCALE_H * (-Math.log(left)) ** (1 / SHAPE)
  return Math.min(Math.max(hours / 2, LEAST_H), MOST_H) * 3_600_000
}
