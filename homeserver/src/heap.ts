import { setFlagsFromString } from 'node:v8'

/**
 * How much a heap may grow after a full collection before the next, in percent. Left to itself V8 lets it
 * grow to several times its size when many streams are fed; collecting sooner costs hardly anything.
 */
const GROWING_PERCENT = 100

/** Keeps the memory of this process flat. Call before anything else. */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`)
}
