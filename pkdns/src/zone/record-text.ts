import { DNS_TYPES, type RecordData, SVC_PARAMS } from '@pubky/protocol'

const SVC_NAMES = new Map<number, string>([
  [SVC_PARAMS.mandatory, 'mandatory'],
  [SVC_PARAMS.ech, 'ech'],
])

/** Name of a type: `A`, or `TYPE123` for what has none here (RFC 3597). */
export function typeName(data: RecordData): string {
  return data.type === 'unknown' ? `TYPE${data.code}` : data.type
}

const absolute = (name: string) => (name === '.' ? '.' : `${name}.`)

/** The data of a record as zone files and listings write it. */
export function dataText(data: RecordData): string {
  switch (data.type) {
    case 'A':
    case 'AAAA':
      return data.address
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return absolute(data.target)
    case 'MX':
      return `${data.preference} ${absolute(data.exchange)}`
    case 'TXT':
      return data.strings.map(quoted).join(' ')
    case 'SVCB':
    case 'HTTPS':
      return [data.priority, absolute(data.target), ...paramsText(data.params)].join(' ')
    case 'SRV':
      return `${data.priority} ${data.weight} ${data.port} ${absolute(data.target)}`
    case 'SOA': {
      const { serial, refresh, retry, expire, minimum } = data
      const names = `${absolute(data.mname)} ${absolute(data.rname)}`
      return `${names} ${serial} ${refresh} ${retry} ${expire} ${minimum}`
    }
    case 'unknown':
      return `\\# ${data.bytes.length} ${Buffer.from(data.bytes).toString('hex')}`.trimEnd()
  }
}

/** A character string of a zone file: printable ASCII as it is, everything else as `\DDD`. */
export function quoted(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte)
    else text += `\\${String(byte).padStart(3, '0')}`
  }
  return `"${text}"`
}

function paramsText(params: ReadonlyMap<number, Uint8Array>): string[] {
  return [...params].map(([key, value]) => {
    const name = SVC_NAMES.get(key)
    if (key === SVC_PARAMS.port) return `port=${Buffer.from(value).readUInt16BE(0)}`
    if (key === SVC_PARAMS.noDefaultAlpn) return 'no-default-alpn'
    if (key === SVC_PARAMS.ipv4hint) return `ipv4hint=${chunks(value, 4, (b) => b.join('.'))}`
    if (key === SVC_PARAMS.alpn) return `alpn=${alpnText(value)}`
    if (key === SVC_PARAMS.ipv6hint) return `ipv6hint=${chunks(value, 16, ipv6)}`
    if (value.length === 0) return `key${key}`
    // As zone files of ours write the ports of private keys.
    if (value.length === 2 && name === undefined)
      return `key${key}=${Buffer.from(value).readUInt16BE(0)}`
    return `${name ?? `key${key}`}=${quoted(value)}`
  })
}

function chunks(value: Uint8Array, size: number, show: (bytes: Uint8Array) => string): string {
  const parts: string[] = []
  for (let at = 0; at < value.length; at += size) parts.push(show(value.subarray(at, at + size)))
  return parts.join(',')
}

const ipv6 = (bytes: Uint8Array) =>
  chunks(bytes, 2, (pair) => Buffer.from(pair).readUInt16BE(0).toString(16)).replaceAll(',', ':')

const alpnText = (value: Uint8Array) => alpnNames(value).join(',')

/** The protocols of the parameter `alpn`. */
export function alpnNames(value: Uint8Array): string[] {
  const names: string[] = []
  for (let at = 0; at < value.length; at += 1 + (value[at] ?? 0))
    names.push(Buffer.from(value.subarray(at + 1, at + 1 + (value[at] ?? 0))).toString('latin1'))
  return names
}

/** Number of a type by its name, `TYPE123` and plain numbers included; null for an unknown one. */
export function typeNumber(text: string): number | null {
  const name = text.toUpperCase()
  if (name === 'ANY') return 255
  const known = Object.entries(DNS_TYPES).find(([type]) => type === name)?.[1]
  if (known !== undefined) return known
  const number = /^(?:TYPE)?(\d{1,5})$/.exec(name)?.[1]
  return number !== undefined && Number(number) <= 65_535 ? Number(number) : null
}
