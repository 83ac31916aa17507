import {
  blake3,
  createObjectProof,
  EMPTY_HASH,
  encodeProofHeader,
  type Keypair,
  type PublicKeyZ32,
  parseStrictPath,
  randomKeypair,
  type Signer,
  signAuthToken,
  signerFromKeypair,
  signGrant,
  signPop,
  toMicros,
  utf8,
} from '@pubky/protocol'
import type { Answer, Call } from './http.ts'
import type { TestServer } from './server.ts'

export interface Person {
  key: PublicKeyZ32
  keypair: Keypair
  signer: Signer
}

export function person(): Person {
  const keypair = randomKeypair()
  return { key: keypair.publicKey, keypair, signer: signerFromKeypair(keypair) }
}

let ticks = 0n

/** A sign-in token with a time of its own, near the server's. */
export async function authToken(
  server: TestServer,
  who: Person,
  caps = '/:rw',
): Promise<Uint8Array> {
  ticks += 1n
  return signAuthToken(who.signer, caps, toMicros(server.now() + ticks))
}

export function cookieOf(answer: Answer): string {
  return (answer.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? ''
}

/** Signs up with a cookie; returns the `Cookie` header. */
export async function cookieSignUp(
  server: TestServer,
  who: Person,
  headers: Record<string, string> = {},
): Promise<string> {
  const answer = await server.call('POST', '/signup', {
    headers,
    body: await authToken(server, who),
  })
  if (answer.status !== 200) throw new Error(`sign-up: ${answer.status} ${answer.text}`)
  return cookieOf(answer)
}

export async function cookieSignIn(
  server: TestServer,
  who: Person,
  o: { caps?: string; headers?: Record<string, string> } = {},
): Promise<string> {
  const body = await authToken(server, who, o.caps)
  const answer = await server.call('POST', '/session', { headers: o.headers ?? {}, body })
  if (answer.status !== 200) throw new Error(`sign-in: ${answer.status} ${answer.text}`)
  return cookieOf(answer)
}

export interface GrantHolder {
  client: Person
  grant: string
  gid: string
  /** Signs for the owner, with the grant as certificate. */
  signer: Signer
}

const JSON_TYPE = { 'content-type': 'application/json' }

export function seconds(server: TestServer): number {
  return Number(server.now() / 1_000_000n)
}

export async function makeGrant(
  server: TestServer,
  who: Person,
  o: {
    caps?: string[]
    clientId?: string
    lifetime?: number
    iat?: number
    client?: Person
  } = {},
): Promise<GrantHolder> {
  const client = o.client ?? person()
  const iat = o.iat ?? seconds(server)
  const grant = await signGrant(who.signer, {
    clientId: o.clientId ?? 'app.example',
    caps: o.caps ?? ['/:rw'],
    cnf: client.key,
    iat,
    exp: iat + (o.lifetime ?? 86_400),
  })
  const payload = JSON.parse(Buffer.from(grant.split('.')[1] ?? '', 'base64url').toString())
  return { client, grant, gid: payload.jti, signer: signerFromKeypair(client.keypair, grant) }
}

export async function popFor(
  server: TestServer,
  holder: GrantHolder,
  o: { aud?: PublicKeyZ32; gid?: string; nonce?: string; iat?: number } = {},
): Promise<string> {
  return signPop(holder.client.signer, {
    aud: o.aud ?? server.running.publicKey,
    gid: o.gid ?? holder.gid,
    ...(o.nonce === undefined ? {} : { nonce: o.nonce }),
    iat: o.iat ?? seconds(server),
  })
}

export async function postGrant(
  server: TestServer,
  target: string,
  holder: GrantHolder,
  pop?: string,
): Promise<Answer> {
  const body = JSON.stringify({ grant: holder.grant, pop: pop ?? (await popFor(server, holder)) })
  return server.call('POST', target, { headers: JSON_TYPE, body })
}

export async function grantSignUp(server: TestServer, who: Person): Promise<void> {
  const holder = await makeGrant(server, who, { clientId: 'pubky.signup', lifetime: 300 })
  const answer = await postGrant(server, '/auth/grant/signup', holder)
  if (answer.status !== 204) throw new Error(`grant sign-up: ${answer.status} ${answer.text}`)
}

/** Opens a session of a grant; returns the `Authorization` header. */
export async function grantSignIn(server: TestServer, holder: GrantHolder): Promise<string> {
  const answer = await postGrant(server, '/auth/grant/session', holder)
  if (answer.status !== 200) throw new Error(`grant session: ${answer.status} ${answer.text}`)
  return `Bearer ${JSON.parse(answer.text).token}`
}

/** A signed-up person with a bearer for everything. */
export async function settle(server: TestServer): Promise<{
  who: Person
  holder: GrantHolder
  auth: Record<string, string>
  put(path: string, body: Call['body'], headers?: Record<string, string>): Promise<Answer>
  del(path: string, headers?: Record<string, string>): Promise<Answer>
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  /** What the public stream tells of them, each like `event: PUT data: /pub/a`. */
  events(): Promise<string[]>
}> {
  const who = person()
  await grantSignUp(server, who)
  const holder = await makeGrant(server, who)
  const auth = { authorization: await grantSignIn(server, holder) }
  const at = (path: string) => `/storage/${who.key}${path}`
  return {
    who,
    holder,
    auth,
    put: (path, body, headers = {}) =>
      server.call('PUT', at(path), {
        headers: { ...auth, ...headers },
        ...(body !== undefined && { body }),
      }),
    del: (path, headers = {}) =>
      server.call('DELETE', at(path), { headers: { ...auth, ...headers } }),
    get: (path, headers = {}) => server.call('GET', at(path), { headers }),
    async events() {
      const { text } = await server.call('GET', `/events-stream?user=${who.key}`)
      return text
        .split('\n\n')
        .filter((frame) => frame !== '')
        .map((frame) => frame.split('\n').slice(0, 2).join(' ').replace(`pubky://${who.key}`, ''))
    },
  }
}

/** The header of a proof for a body, or for a deletion when the body is null. */
export async function proofHeader(
  signer: Signer,
  o: { owner: PublicKeyZ32; path: string; body: Uint8Array | string | null; timestamp: bigint },
): Promise<Record<string, string>> {
  const bytes = typeof o.body === 'string' ? utf8(o.body) : o.body
  const proof = await createObjectProof(signer, {
    owner: o.owner,
    action: bytes === null ? 'DELETE' : 'PUT',
    path: parseStrictPath(o.path),
    hash: bytes === null ? EMPTY_HASH : await blake3(bytes),
    timestamp: toMicros(o.timestamp),
  })
  return { 'pubky-signature': encodeProofHeader(proof) }
}
