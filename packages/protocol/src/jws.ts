import type { PublicKeyZ32 } from './brands.ts'
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { type Signer, verifySignature } from './signer.ts'

/** A compact JWS taken apart; nothing is verified yet. */
export interface Jws {
  header: Record<string, unknown>
  payload: Record<string, unknown>
  signed: Uint8Array
  signature: Uint8Array
}

function object(segment: string): Record<string, unknown> | null {
  const json: unknown = JSON.parse(fromUtf8(fromBase64Url(segment)))
  return json !== null && typeof json === 'object' && !Array.isArray(json) ? { ...json } : null
}

/** Null when the text is no JWS of two JSON objects and a signature. */
export function splitJws(text: string): Jws | null {
  const [head = '', body = '', mark, ...more] = text.split('.')
  if (mark === undefined || more.length > 0) return null
  try {
    const header = object(head)
    const payload = object(body)
    if (!header || !payload) return null
    return { header, payload, signed: utf8(`${head}.${body}`), signature: fromBase64Url(mark) }
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof SyntaxError) return null
    throw error
  }
}

export async function signJws(signer: Signer, typ: string, payload: unknown): Promise<string> {
  const part = (value: unknown) => toBase64Url(utf8(JSON.stringify(value)))
  const signed = `${part({ alg: 'EdDSA', typ })}.${part(payload)}`
  return `${signed}.${toBase64Url(await signer.sign(utf8(signed)))}`
}

export async function isSignedBy(jws: Jws, key: PublicKeyZ32): Promise<boolean> {
  return jws.header.alg === 'EdDSA' && (await verifySignature(key, jws.signed, jws.signature))
}
