import { keypairFromSeed } from '@pubky/protocol'
import { expect, it } from 'vitest'
import { parseZone } from './parse-zone.ts'
import { unknownProtocols } from './protocols.ts'

const parse = (text: string) => parseZone(text, keypairFromSeed(new Uint8Array(32)).publicKey)

// covers 8.10.4
it('protocols that browsers do not know are told, each once, and published all the same', () => {
  const records = parse(
    '@ HTTPS 1 . alpn=h2,h3,http/1.1\n@ HTTPS 2 . alpn=http2,h2\nx SVCB 1 . alpn=http2 port=80\n@ A 192.0.2.1',
  )
  expect(records).toHaveLength(4)
  expect(unknownProtocols(records)).toEqual([
    expect.stringMatching(/^alpn=http2 is a protocol that/),
  ])
})

// covers 8.10.4
it.each(['alpn=', 'alpn=h2,', 'alpn=,h2', `alpn=${'x'.repeat(256)}`, `alpn=${'ü'.repeat(128)}`])(
  'the protocols "%s" are refused, having no name or too long a one',
  (text) => {
    expect(() => parse(`@ HTTPS 1 . ${text}`)).toThrow(
      expect.objectContaining({ code: 'zone_syntax' }),
    )
  },
)
