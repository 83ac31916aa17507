import { decodeDnsMessage, ProtocolError } from '@pubky/protocol'

/** Whether a value is a DNS message. Others are valid items but no packets (spec/discovery.md 1.5). */
export function isPacketValue(value: Uint8Array): boolean {
  try {
    decodeDnsMessage(value)
    return true
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
}
