import { type ResourceRecord, SVC_PARAMS } from '@pubky/protocol'
import { alpnNames } from './record-text.ts'

/** Protocols that service records of websites name (registry of RFC 7301). */
const PROTOCOLS = ['http/1.0', 'http/1.1', 'h2', 'h3', 'dot', 'doq']

/**
 * A sentence for each protocol of a service record that browsers do not know: they pass over the
 * record. RFC 9460 leaves the list open, so such records may be published.
 */
export function unknownProtocols(records: readonly ResourceRecord[]): string[] {
  const names = records.flatMap(({ data }) => {
    const alpn = 'params' in data ? data.params.get(SVC_PARAMS.alpn) : undefined
    return alpn ? alpnNames(alpn) : []
  })
  return [...new Set(names)]
    .filter((name) => !PROTOCOLS.includes(name))
    .map(
      (name) =>
        `alpn=${name} is a protocol that browsers do not know; ${PROTOCOLS.join(', ')} are.`,
    )
}
