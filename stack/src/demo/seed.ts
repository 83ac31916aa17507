import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { APP_ROOT } from '@pubky/app-specs'
import {
  blake3Sync,
  type Keypair,
  keypairFromSeed,
  nowMicros,
  parsePublicKey,
  signerFromKeypair,
  utf8,
} from '@pubky/protocol'
import { createPubky } from '@pubky/sdk'
import { LoadError } from '../load/errors.ts'
import { playOperations } from '../load/play.ts'
import type { LocalNetwork } from '../network.ts'
import { readCommunity, readPicture } from './community.ts'
import { planDemo } from './plan.ts'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

export interface SeedOptions {
  signal?: AbortSignal
  onProgress?: (done: number, total: number) => void
}

/**
 * The key of a demo person: known to everybody who reads this line, so it is used on the local network
 * only.
 */
export function demoKeypair(handle: string, use: 'root' | 'client' = 'root'): Keypair {
  return keypairFromSeed(blake3Sync(utf8(`pubky local demo ${use} ${handle}`)))
}

function checkLocal(network: Pick<LocalNetwork, 'relay' | 'homeserver'>): void {
  for (const url of [network.relay, network.homeserver])
    if (!LOOPBACK.has(new URL(url).hostname))
      throw new LoadError('not_local', `Demo keys are public: ${url} is not on this machine.`)
}

interface Progress {
  anchor: bigint
  isDone: boolean
}

/** Creation times are kept, so that a seeding that was cut off goes on with the same objects. */
async function readProgress(file: string): Promise<Progress | null> {
  try {
    const { anchor, done } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
    return { anchor: BigInt(String(anchor)), isDone: done === true }
  } catch {
    return null
  }
}

async function writeProgress(file: string, { anchor, isDone }: Progress): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify({ anchor: String(anchor), done: isDone })}\n`)
  await rename(`${file}.new`, file)
}

/**
 * Fills the local network with the demo community through the SDK, every object signed. Goes on after
 * an interruption and does nothing once done. Rejects with `not_local` for a network that is not on
 * this machine and `demo_refused` when the homeserver takes an object not.
 */
export async function seedDemo(network: LocalNetwork, o: SeedOptions = {}): Promise<void> {
  checkLocal(network)
  const file = join(network.dataDir, 'demo.json')
  const known = await readProgress(file)
  if (known?.isDone) return
  const { anchor } = known ?? { anchor: nowMicros() }
  if (!known) await writeProgress(file, { anchor, isDone: false })

  const community = await readCommunity()
  const names = new Set([
    ...community.people.map(({ avatar }) => avatar),
    ...community.posts.flatMap(({ pictures = [] }) => pictures),
  ])
  const pictures = new Map(
    await Promise.all([...names].map(async (name) => [name, await readPicture(name)] as const)),
  )
  const key = (handle: string) => demoKeypair(handle).publicKey
  const operations = planDemo({ community, pictures, key, anchor })

  await using pubky = createPubky({ relays: [network.relay], localHost: 'localhost' })
  const homeserver = parsePublicKey(network.homeserverKey)
  let done = 0
  const [failure] = await playOperations(operations, {
    open: (handle, signal) =>
      pubky.signUpGrant(signerFromKeypair(demoKeypair(handle)), {
        homeserver,
        client: signerFromKeypair(demoKeypair(handle, 'client')),
        clientId: 'demo.pubky',
        capabilities: `${APP_ROOT}:rw`,
        signal,
      }),
    onDone() {
      done += 1
      o.onProgress?.(done, operations.length)
    },
    ...(o.signal && { signal: o.signal }),
  })
  if (failure) {
    const { operation, error } = failure
    const what = `${operation.author}${operation.path}`
    throw new LoadError('demo_refused', `The homeserver refused ${what}: ${error.message}`, error)
  }
  await writeProgress(file, { anchor, isDone: true })
}
