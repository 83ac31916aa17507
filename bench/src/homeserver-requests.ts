import { randomBytes } from 'node:crypto'
import {
  blake3,
  createObjectProof,
  encodeProofHeader,
  nowMicros,
  type PublicKeyZ32,
  parseStrictPath,
  randomKeypair,
  type Signer,
  signerFromKeypair,
  signGrant,
  signPop,
} from '@pubky/protocol'

export interface Writer {
  key: PublicKeyZ32
  signer: Signer
  bearer: string
}

async function post(url: string, grant: string, pop: string): Promise<Response> {
  const body = JSON.stringify({ grant, pop })
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

/** Signs somebody up and opens a session for a client key that signs the objects. */
export async function settle(http: string, homeserver: PublicKeyZ32): Promise<Writer> {
  const root = signerFromKeypair(randomKeypair())
  const client = randomKeypair()
  const iat = Math.floor(Date.now() / 1000)
  const make = async (clientId: string, lifetime: number) => {
    const claims = { clientId, caps: ['/:rw'], cnf: client.publicKey, iat, exp: iat + lifetime }
    const grant = await signGrant(root, claims)
    const gid = JSON.parse(Buffer.from(grant.split('.')[1] ?? '', 'base64url').toString()).jti
    return { grant, pop: await signPop(signerFromKeypair(client), { aud: homeserver, gid, iat }) }
  }
  const signUp = await make('pubky.signup', 300)
  await post(`${http}/auth/grant/signup`, signUp.grant, signUp.pop)
  const { grant, pop } = await make('bench.example', 86_400)
  const opened = (await (await post(`${http}/auth/grant/session`, grant, pop)).json()) as {
    token: string
  }
  const signer = signerFromKeypair(client, grant)
  return { key: root.publicKey, signer, bearer: opened.token }
}

let serial = 0

export function nextSerial(): number {
  serial += 1
  return serial
}

/** Paths that rise like those of posts do. */
function nextPath(): string {
  return `/pub/pubky.app/posts/${nextSerial().toString(36).padStart(13, '0').toUpperCase()}`
}

/** The head of a PUT of this body, signed by the client key or not. */
async function putHead(
  writer: Writer,
  path: string,
  body: { hash: Uint8Array; length: number },
  signed: boolean,
): Promise<string> {
  const lines = [
    `PUT /storage/${writer.key}${path} HTTP/1.1`,
    'host: localhost',
    `authorization: Bearer ${writer.bearer}`,
    `content-length: ${body.length}`,
  ]
  if (signed) {
    const proof = await createObjectProof(writer.signer, {
      owner: writer.key,
      action: 'PUT',
      path: parseStrictPath(path),
      hash: body.hash,
      timestamp: nowMicros(),
    })
    lines.push(`pubky-signature: ${encodeProofHeader(proof)}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Whole PUTs of different bodies, by these people in turn. */
export async function putRequests(
  writers: readonly Writer[],
  o: { count: number; bytes: number; signed?: boolean },
): Promise<Uint8Array[]> {
  const requests: Uint8Array[] = []
  for (let i = 0; i < o.count; i += 1) {
    const writer = writers[i % writers.length]
    if (!writer) break
    const body = randomBytes(o.bytes)
    const about = { hash: await blake3(body), length: body.length }
    const head = await putHead(writer, nextPath(), about, o.signed ?? true)
    requests.push(Buffer.concat([Buffer.from(head), body]))
  }
  return requests
}

/** Heads of PUTs that all have the same body. */
export async function putHeads(
  writers: readonly Writer[],
  o: { count: number; body: Uint8Array; signed?: boolean },
): Promise<Uint8Array[]> {
  const about = { hash: await blake3(o.body), length: o.body.length }
  const heads: Uint8Array[] = []
  for (let i = 0; i < o.count; i += 1) {
    const writer = writers[i % writers.length]
    if (!writer) break
    heads.push(Buffer.from(await putHead(writer, nextPath(), about, o.signed ?? true)))
  }
  return heads
}

/** GETs of what the first `each` PUTs of everybody wrote. */
export function getRequests(writers: readonly Writer[], each: number): Uint8Array[] {
  return writers.flatMap(({ key }, person) =>
    Array.from({ length: each }, (_, i) => {
      const n = 1 + person + i * writers.length
      const path = `/pub/pubky.app/posts/${n.toString(36).padStart(13, '0').toUpperCase()}`
      return Buffer.from(`GET /storage/${key}${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    }),
  )
}
