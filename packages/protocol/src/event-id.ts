import type { EventId } from './brands.ts'
import { ProtocolError } from './errors.ts'

const MAX_EVENT_ID = 2n ** 63n - 1n

/** Decimal text of at most 63 bits, without leading zeros. Throws `invalid_event_id`. */
export function parseEventId(text: string): EventId {
  if (!/^(?:0|[1-9]\d{0,18})$/.test(text) || BigInt(text) > MAX_EVENT_ID)
    throw new ProtocolError('invalid_event_id', `not an event id: ${text.slice(0, 40)}`)
  return text as EventId
}
