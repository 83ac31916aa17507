import { randomBytes } from 'node:crypto'
import {
  blake3,
  type Keypair,
  keypairFromSeed,
  nowMicros,
  type PublicKeyZ32,
  randomId,
  type Signer,
  signAuthToken,
  signerFromKeypair,
  signGrant,
  signPop,
  toHex,
  utf8,
} from '@pubky/protocol'
import type { HomeserverProcess } from '../homeserver-process.ts'
import type { Random } from '../random.ts'

export const SECRET_PATH = '/priv/secret.txt'

/** Somebody with an account, and what is theirs alone. */
export interface Tenant {
  key: PublicKeyZ32
  root: Signer
  client: Keypair
  /** Signs objects for the owner. */
  delegate: Signer
  cookie: string
  bearer: string
  /** In a private file and in the name of another: nobody else may ever see it. */
  mark: string
  /** What may have changed by requests that had credentials of this account. */
  allowed: Allowance
}

/** Counts of what was acknowledged or remained without an answer. */
export interface Allowance {
  puts: number
  deletes: number
  /** Of puts, those whose body is not known. */
  unknownBodies: number
  signIns: number
  /** Hashes of bodies that were sent. */
  bodies: Set<string>
  /** Of these, those of whole requests that were acknowledged: each has an event. */
  stored: Set<string>
}

export function createAllowance(): Allowance {
  const [bodies, stored] = [new Set<string>(), new Set<string>()]
  return { puts: 0, deletes: 0, unknownBodies: 0, signIns: 0, bodies, stored }
}

export async function grantBody(
  server: Pick<HomeserverProcess, 'publicKey'>,
  root: Signer,
  client: Keypair,
  o: { clientId: string; lifetime: number },
): Promise<{ body: string; grant: string }> {
  const iat = Math.floor(Date.now() / 1000)
  const jti = randomId()
  const claims = { clientId: o.clientId, caps: ['/:rw'], cnf: client.publicKey, jti, iat }
  const grant = await signGrant(root, { ...claims, exp: iat + o.lifetime })
  const pop = await signPop(signerFromKeypair(client), { aud: server.publicKey, gid: jti, iat })
  return { body: JSON.stringify({ grant, pop }), grant }
}

async function call(
  server: HomeserverProcess,
  method: string,
  target: string,
  o: { headers?: Record<string, string>; body?: Uint8Array | string },
): Promise<Response> {
  const { headers = {}, body } = o
  return fetch(`http://127.0.0.1:${server.port}${target}`, {
    method,
    headers,
    ...(body !== undefined && { body: typeof body === 'string' ? body : Buffer.from(body) }),
  })
}

/** Signs in anew, by cookie and by grant, and stores one file, to show that this still works. */
export async function signIn(server: HomeserverProcess, tenant: Tenant): Promise<void> {
  const token = await signAuthToken(tenant.root, '/:rw', nowMicros())
  tenant.allowed.signIns += 2
  const opened = await call(server, 'POST', '/session', { body: token })
  tenant.cookie = (opened.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const { body, grant } = await grantBody(server, tenant.root, tenant.client, {
    clientId: 'fuzz.example',
    lifetime: 86_400,
  })
  const json = { 'content-type': 'application/json' }
  const session = await call(server, 'POST', '/auth/grant/session', { headers: json, body })
  tenant.bearer = ((await session.json()) as { token: string }).token
  tenant.delegate = signerFromKeypair(tenant.client, grant)
}

export async function store(
  server: HomeserverProcess,
  tenant: Tenant,
  path: string,
  text: string,
): Promise<void> {
  const hash = toHex(await blake3(utf8(text)))
  tenant.allowed.bodies.add(hash)
  tenant.allowed.puts += 1
  const answer = await call(server, 'PUT', `/storage/${tenant.key}${path}`, {
    headers: { authorization: `Bearer ${tenant.bearer}` },
    body: text,
  })
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  tenant.allowed.stored.add(hash)
}

export async function createTenant(server: HomeserverProcess, random: Random): Promise<Tenant> {
  const keypair = keypairFromSeed(random.bytes(32))
  const client = keypairFromSeed(random.bytes(32))
  const root = signerFromKeypair(keypair)
  const tenant: Tenant = {
    key: keypair.publicKey,
    root,
    client,
    delegate: root,
    cookie: '',
    bearer: '',
    mark: `MARK-${randomBytes(12).toString('hex')}`,
    allowed: createAllowance(),
  }
  tenant.allowed.signIns += 1
  const token = await signAuthToken(root, '/:rw', nowMicros())
  await call(server, 'POST', '/signup', { body: token })
  await signIn(server, tenant)
  await store(server, tenant, SECRET_PATH, `for nobody else: ${tenant.mark}`)
  await store(server, tenant, `/priv/hidden/${tenant.mark}`, `hidden ${tenant.key}`)
  await store(server, tenant, '/pub/open.txt', `for everybody, by ${tenant.key}`)
  return tenant
}
