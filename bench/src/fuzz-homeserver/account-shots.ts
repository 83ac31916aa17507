import {
  keypairFromSeed,
  nowMicros,
  randomId,
  type Signer,
  signAuthToken,
  signerFromKeypair,
  signMoveStatement,
  toBase64Url,
  toMicros,
  utf8,
} from '@pubky/protocol'
import type { HomeserverProcess } from '../homeserver-process.ts'
import type { Random } from '../random.ts'
import { createShot, type Shot } from './shot.ts'
import { anyActor, credentials, type Scene, targetOf } from './storage-shots.ts'
import { grantBody } from './tenants.ts'
import { weirdHeader, weirdPath, weirdQuery, weirdValue } from './weird.ts'

const CAPABILITIES = [
  ...['/:rw', '/:r', '/pub/:rw', '/pub/a:w', '', ',', '/:r,/:w', ':rw', '/:x', '/pub/../:rw'],
  ...['/\u0000:rw', '/é:r', `/${'a'.repeat(4000)}:rw`, '/:rw,'.repeat(200), '//:rw', '/pub/%2e:r'],
]

const CLAIM_VALUES: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 2 ** 53, 1e308, '', 'x', '\u0000', 'é', 'x'.repeat(300), '\ud800'],
  ...[[], [null], ['/:rw', 1], {}, { toString: 1 }, ['/\u0000:rw'], 'a\nb', '__proto__'],
]

async function jws(signer: Signer, typ: string, payload: unknown): Promise<string> {
  const part = (value: unknown) => toBase64Url(utf8(JSON.stringify(value)))
  const signed = `${part({ alg: 'EdDSA', typ })}.${part(payload)}`
  return `${signed}.${toBase64Url(await signer.sign(utf8(signed)))}`
}

/** One claim becomes something else; the signature is right all the same. */
function bent(claims: Record<string, unknown>, random: Random): Record<string, unknown> {
  const name = random.pick(Object.keys(claims)) ?? ''
  return random.next() < 0.7 ? { ...claims, [name]: random.pick(CLAIM_VALUES) } : claims
}

const JSON_TYPE: [string, string] = ['content-type', 'application/json']

/** A stranger or one of ours; the account of a stranger may come to be. */
function anySigner(scene: Scene) {
  const { random } = scene
  if (random.next() < 0.1) {
    const stranger = keypairFromSeed(random.bytes(32))
    return { by: [], root: signerFromKeypair(stranger), client: stranger }
  }
  const actor = anyActor(scene)
  return { by: [actor], root: actor.root, client: actor.client }
}

async function grantShot(scene: Scene, server: HomeserverProcess): Promise<Shot> {
  const { random } = scene
  const { by, root, client } = anySigner(scene)
  const target = `/auth/grant/${random.next() < 0.5 ? 'session' : 'signup'}`
  const query = random.next() < 0.2 ? `?signup_token=${weirdValue(random)}` : ''
  const isSignUp = target.endsWith('signup')
  let body: string
  if (random.next() < 0.3) {
    const clientId = isSignUp ? 'pubky.signup' : 'fuzz.example'
    body = (await grantBody(server, root, client, { clientId, lifetime: 300 })).body
  } else {
    const iat = Math.floor(Date.now() / 1000)
    const [jti, nonce] = [randomId(), randomId()]
    const claims = { iss: root.publicKey, client_id: 'fuzz.example', caps: ['/:rw'] }
    const rest = { cnf: client.publicKey, jti, iat, exp: iat + 300 }
    const grant = await jws(root, 'pubky-grant', bent({ ...claims, ...rest }, random))
    const proof = bent({ aud: server.publicKey, gid: jti, nonce, iat }, random)
    const pop = await jws(signerFromKeypair(client), 'pubky-pop', proof)
    const whole = random.next() < 0.8 ? { grant, pop } : bent({ grant, pop }, random)
    body = JSON.stringify(random.next() < 0.95 ? whole : random.pick(CLAIM_VALUES))
  }
  const headers = random.next() < 0.9 ? [JSON_TYPE] : [weirdHeader(random)]
  return createShot({ method: 'POST', target: target + query, headers, body }, { by, opens: true })
}

async function tokenShot(scene: Scene): Promise<Shot> {
  const { random } = scene
  const { by, root } = anySigner(scene)
  const away = random.next() < 0.2 ? BigInt(random.below(2 ** 31)) * 1_000_000n : 0n
  const capabilities = random.next() < 0.5 ? '/:rw' : (random.pick(CAPABILITIES) ?? '')
  const body = await signAuthToken(root, capabilities, toMicros(nowMicros() - away))
  if (random.next() < 0.3) body[random.below(body.length)] = random.below(256)
  const path = random.next() < 0.8 ? '/session' : '/signup'
  const query = random.next() < 0.2 ? `?signup_token=${weirdValue(random)}` : ''
  const headers = random.next() < 0.4 ? [weirdHeader(random)] : []
  return createShot({ method: 'POST', target: path + query, headers, body }, { by, opens: true })
}

async function movingShot(scene: Scene, server: HomeserverProcess): Promise<Shot> {
  const { random } = scene
  const actor = anyActor(scene)
  const owner = targetOf(scene, actor)
  if (random.next() < 0.3)
    return createShot({ method: 'GET', target: '/moving', headers: [['pubky-host', owner.key]] })
  // A freeze would end the writes of an actor, so only what others sign goes out whole.
  const isOwn = owner.key === actor.key
  const action = isOwn ? 'thaw' : (random.pick(['freeze', 'moved', 'thaw'] as const) ?? 'thaw')
  const target = action === 'thaw' ? null : actor.key
  const statement = { action, timestamp: nowMicros(), target }
  const body = await signMoveStatement(actor.root, server.publicKey, statement)
  if (random.next() < 0.5) body[random.below(body.length)] = random.below(256)
  const headers: [string, string][] = [['pubky-host', owner.key]]
  return createShot({ method: 'POST', target: '/moving', headers, body }, { by: [actor] })
}

const TARGETS: readonly [string, string][] = [
  ...(
    ['/usage', '/sessions', '/session', '/auth/grant/session', '/auth/grant/sessions'] as const
  ).map((target): [string, string] => ['GET', target]),
  ['GET', '/signup_tokens/AAAA-BBBB-CCCC'],
  ['DELETE', '/auth/grant/session/AAAAAAAAAAAAAAAAAAAAAA'],
  ['DELETE', '/sessions/cookie-1'],
  ['DELETE', '/sessions/cookie-99999999999999999999'],
  ['DELETE', '/sessions/grant-AAAA'],
  ['OPTIONS', '/storage/x'],
  ['GET', '/info'],
  ['POST', '/'],
  ['PATCH', '/storage/'],
  ['PROPFIND', '/pub/'],
  ['GET', 'http://localhost/pub/a'],
  ['CONNECT', 'localhost:80'],
  ['OPTIONS', '*'],
]

/** Rarely, since others need their sessions. */
const LEAVING: readonly [string, string][] = [
  ['DELETE', '/session'],
  ['DELETE', '/auth/grant/session'],
]

function otherShot(scene: Scene): Shot {
  const { random } = scene
  const actor = anyActor(scene)
  const owner = targetOf(scene, actor)
  const sent = credentials(scene, actor)
  const [method, target] = random.pick(random.next() < 0.02 ? LEAVING : TARGETS) ?? ['GET', '/']
  const odd = random.next() < 0.4 ? weirdPath(random, target) : target
  const query = random.next() < 0.4 ? `?${weirdQuery(random, [owner.key])}` : ''
  const extra = Array.from({ length: random.below(3) }, () => weirdHeader(random))
  const headers = [['pubky-host', owner.key] as [string, string], ...sent.headers, ...extra]
  return createShot({ method, target: odd + query, headers }, { by: sent.by })
}

const ADMIN_TARGETS = [
  '/info',
  '/users',
  '/generate_signup_token',
  '/stats',
  '/events-stream',
  '/dav/',
]

/** Never with the password: nothing may come of it. */
function adminShot({ random }: Scene): Shot {
  const target = random.pick(ADMIN_TARGETS) ?? '/'
  const odd = random.next() < 0.5 ? weirdPath(random, target) : target
  const query = random.next() < 0.4 ? `?${weirdQuery(random, [])}` : ''
  const method = random.pick(['GET', 'POST', 'DELETE', 'PATCH', 'PUT', 'PROPFIND', 'MOVE']) ?? 'GET'
  const headers = Array.from({ length: random.below(3) }, () => weirdHeader(random))
  return createShot({ method, target: odd + query, headers }, { toAdmin: true })
}

export async function accountShot(scene: Scene, server: HomeserverProcess): Promise<Shot> {
  const choice = scene.random.next()
  if (choice < 0.3) return grantShot(scene, server)
  if (choice < 0.55) return tokenShot(scene)
  if (choice < 0.65) return movingShot(scene, server)
  return choice < 0.95 ? otherShot(scene) : adminShot(scene)
}
