import {
  blake3,
  createObjectProof,
  EMPTY_HASH,
  encodeProofHeader,
  nowMicros,
  parseStrictPath,
  toHex,
  toMicros,
} from '@pubky/protocol'
import type { Random } from '../random.ts'
import { createShot, type Shot } from './shot.ts'
import { SECRET_PATH, type Tenant } from './tenants.ts'
import { type Header, weirdHeader, weirdPath, weirdQuery } from './weird.ts'

/** Everything that a generator of shots chooses from. */
export interface Scene {
  random: Random
  /** Their credentials are used. */
  actors: readonly Tenant[]
  /** Nobody ever has a credential of theirs. */
  bystanders: readonly Tenant[]
}

export const anyActor = ({ random, actors }: Scene): Tenant => {
  const found = random.pick(actors)
  if (!found) throw new Error('there are no actors')
  return found
}

/** Whom a request is about: mostly who makes it. */
export function targetOf(scene: Scene, actor: Tenant): Tenant {
  const { random, actors, bystanders } = scene
  if (random.next() < 0.7) return actor
  return random.pick(random.next() < 0.5 ? actors : bystanders) ?? actor
}

const FOLDERS = [
  '/pub/',
  '/pub/app/posts/',
  '/priv/',
  '/priv/notes/',
  '/pub/pubky.keys/',
  '/pub/x/',
]

function anyPath(random: Random): string {
  if (random.next() < 0.1) return SECRET_PATH
  const extension = random.pick(['', '.txt', '.json', '.html', '.png'])
  return `${random.pick(FOLDERS)}${random.below(60)}${extension}`
}

/** Headers of a credential; some are of nobody. */
export function credentials(scene: Scene, actor: Tenant): { headers: Header[]; by: Tenant[] } {
  const { random } = scene
  const bearer: Header = ['authorization', `Bearer ${actor.bearer}`]
  const cookie: Header = ['cookie', `theme=dark; ${actor.cookie}`]
  switch (random.below(10)) {
    case 0:
      return { headers: [], by: [] }
    case 1: {
      const other = anyActor(scene)
      return { headers: [bearer, ['cookie', other.cookie]], by: [actor, other] }
    }
    case 2: {
      // The secret of one under the name of another.
      const name = targetOf(scene, actor).key
      return { headers: [['cookie', `${name}=${actor.cookie.split('=')[1]}`]], by: [actor] }
    }
    case 3:
      return {
        headers: [['authorization', `Bearer ${random.below(1e9)}${actor.bearer.slice(9)}`]],
        by: [],
      }
    case 4:
    case 5:
      return { headers: [cookie], by: [actor] }
    default:
      return { headers: [bearer], by: [actor] }
  }
}

function anyBody(random: Random): Buffer {
  const size = random.pick([0, 1, 30, 500, 16_384, 16_385, 40_000]) ?? 30
  // Unique, so that each stored body tells whose it was.
  return Buffer.concat([random.bytes(16), Buffer.alloc(size, random.below(256))])
}

async function proofOf(
  scene: Scene,
  o: { actor: Tenant; owner: Tenant; path: string; hash: Uint8Array; method: 'PUT' | 'DELETE' },
): Promise<Header[]> {
  const { random } = scene
  const wrong = random.next() < 0.5 ? random.below(6) : -1
  const signer = wrong === 0 ? anyActor(scene).delegate : o.actor.delegate
  const away = wrong === 1 ? BigInt(random.below(2 ** 31)) * 1_000_000n : 0n
  const proof = await createObjectProof(signer, {
    owner: wrong === 2 ? anyActor(scene).key : o.owner.key,
    action: wrong === 3 ? 'DELETE' : o.method,
    path: parseStrictPath(wrong === 4 ? '/pub/elsewhere' : o.path),
    hash: wrong === 3 ? EMPTY_HASH : o.hash,
    timestamp: toMicros(nowMicros() + away),
  })
  if (wrong === 5) proof[random.below(proof.length)] = random.below(256)
  return [['pubky-signature', encodeProofHeader(proof)]]
}

function address(scene: Scene, owner: Tenant, path: string): { target: string; headers: Header[] } {
  switch (scene.random.below(5)) {
    case 0:
      return { target: path, headers: [['pubky-host', owner.key]] }
    case 1:
      return { target: path, headers: [['host', owner.key]] }
    case 2:
      return { target: `${path}?pubky-host=${owner.key}`, headers: [] }
    default:
      return { target: `/storage/${owner.key}${path}`, headers: [] }
  }
}

async function writeShot(scene: Scene): Promise<Shot> {
  const { random } = scene
  const actor = anyActor(scene)
  const owner = targetOf(scene, actor)
  const method = random.next() < 0.85 ? 'PUT' : 'DELETE'
  const path = anyPath(random)
  const isOdd = random.next() < 0.3
  const { target, headers } = address(scene, owner, isOdd ? weirdPath(random, path) : path)
  const sent = credentials(scene, actor)
  const body = method === 'PUT' ? anyBody(random) : null
  const hash = body === null ? EMPTY_HASH : await blake3(body)
  const proof =
    random.next() < 0.4 ? await proofOf(scene, { actor, owner, path, hash, method }) : []
  const odd = random.next() < 0.25 ? [weirdHeader(random)] : []
  // Such a header says where the body ends, so that another body than ours may be stored.
  const isKnown = odd.every(([name]) => !/^(?:content-length|transfer-encoding)$/.test(name))
  const all = [...headers, ...sent.headers, ...proof, ...odd]
  for (const tenant of sent.by) if (body) tenant.allowed.bodies.add(toHex(hash))
  const write = { tenant: owner, method, hash: toHex(hash) } as const
  return createShot(
    { method, target, headers: all, body },
    { by: sent.by, write: isKnown ? write : null },
  )
}

function readShot(scene: Scene): Shot {
  const { random } = scene
  const actor = anyActor(scene)
  const owner = targetOf(scene, actor)
  const path = random.next() < 0.4 ? (random.pick(FOLDERS) ?? '/pub/') : anyPath(random)
  const odd = random.next() < 0.4 ? weirdPath(random, path) : path
  const at = address(scene, owner, odd)
  const known = [owner.key, `${owner.key}${path}`, `pubky://${owner.key}${path}`, path]
  const query = random.next() < 0.5 ? weirdQuery(random, known) : ''
  const joined = query && `${at.target.includes('?') ? '&' : '?'}${query}`
  const sent = credentials(scene, actor)
  const extra = Array.from({ length: random.below(3) }, () => weirdHeader(random))
  const method = random.next() < 0.85 ? 'GET' : 'HEAD'
  const headers = [...at.headers, ...sent.headers, ...extra]
  return createShot({ method, target: `${at.target}${joined}`, headers }, { by: sent.by })
}

function eventShot(scene: Scene): Shot {
  const { random } = scene
  const actor = anyActor(scene)
  const owner = targetOf(scene, actor)
  const sent = credentials(scene, actor)
  const known = [
    owner.key,
    actor.key,
    `${owner.key}:${random.below(500)}`,
    `${owner.key}:`,
    '1',
    '5',
  ]
  const odd = weirdQuery(random, known)
  if (random.next() < 0.4) {
    const live: Header[] = random.next() < 0.3 ? [['accept', 'text/event-stream']] : []
    const message = {
      method: 'GET',
      target: `/events/?${odd}`,
      headers: [...live, ...sent.headers],
    }
    return createShot(message, { by: sent.by, isStream: live.length > 0 })
  }
  const users = Array.from({ length: 1 + random.below(3) }, () => targetOf(scene, owner).key)
  const path = random.pick([
    '',
    '&path=/priv/',
    '&path=/pub/',
    '&path=/pub/../priv/',
    '&path=%2Fpriv%2F',
  ])
  const live = random.next() < 0.3 ? '&live=true' : '&limit=20'
  const query = `user=${users.join('&user=')}${path}${live}${random.next() < 0.5 ? `&${odd}` : ''}`
  const message = { method: 'GET', target: `/events-stream?${query}`, headers: sent.headers }
  return createShot(message, { by: sent.by, isStream: true })
}

export async function storageShot(scene: Scene): Promise<Shot> {
  const choice = scene.random.next()
  if (choice < 0.45) return writeShot(scene)
  return choice < 0.8 ? readShot(scene) : eventShot(scene)
}
