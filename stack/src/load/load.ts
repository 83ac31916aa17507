import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { APP_ROOT, createIdClock } from '@pubky/app-specs'
import { fromUtf8, nowMicros, parsePublicKey, signerFromKeypair } from '@pubky/protocol'
import { createPubky, isOutage, type Pubky, PubkyError } from '@pubky/sdk'
import type { LocalNetwork } from '../network.ts'
import { LoadError } from './errors.ts'
import { patiently } from './patience.ts'
import { type Plan, planLoad } from './plan.ts'
import { type Failure, type Operation, playOperations } from './play.ts'
import { type LoadState, openLoadState } from './state.ts'

const CLIENT_ID = 'loader.pubky'
const CAPABILITIES = `${APP_ROOT}:rw`
/** The whole file is planned in memory. */
const MAX_FILE_BYTES = 512 * 1024 * 1024

export interface LoadOptions {
  file: string
  network: Pick<LocalNetwork, 'relay' | 'homeserverKey' | 'dataDir'>
  concurrency?: number
  signal?: AbortSignal
  onPlan?: (plan: Plan, alreadyDone: number) => void
  onProgress?: (done: number, total: number) => void
}

export interface LoadReport {
  plan: Plan
  /** Objects sent by this run. */
  sent: number
  /** What the server refused; tried again by the next run. */
  failures: readonly Failure[]
  stateDir: string
  refusedFile: string
  /** Public keys by handle, as they are in the state folder. */
  keys: ReadonlyMap<string, string>
}

async function readLines(file: string): Promise<{ lines: string[]; sha: string }> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(file)
  } catch (cause) {
    throw new LoadError('unreadable_file', `${file} cannot be read.`, cause)
  }
  if (bytes.length > MAX_FILE_BYTES)
    throw new LoadError('unreadable_file', `${file} is larger than 512 MiB: split it.`)
  try {
    const sha = createHash('sha256').update(bytes).digest('hex')
    return { lines: fromUtf8(bytes).split('\n'), sha }
  } catch (cause) {
    throw new LoadError('unreadable_file', `${file} is not UTF-8.`, cause)
  }
}

/** Beside the data folder, one per data folder and content of the file. */
export function stateDirectory(dataDir: string, sha: string): string {
  const data = resolve(dataDir)
  return join(dirname(data), `${basename(data)}.load`, sha.slice(0, 16))
}

function planFor(lines: readonly string[], state: LoadState): Plan {
  const nextId = createIdClock(nowMicros)
  return planLoad(lines, {
    key: (handle) => state.person(handle).root.publicKey,
    postId: (handle) => state.postId(handle) ?? nextId(),
    now: state.createdAt,
  })
}

async function isThere(pubky: Pubky, state: LoadState, { author, path }: Operation) {
  try {
    const uri = `pubky://${state.person(author).root.publicKey}${path}`
    return (await pubky.storage.head(uri)) !== null
  } catch (error) {
    if (error instanceof PubkyError && !isOutage(error)) return false
    throw error
  }
}

/** True when nothing of what was played is there: somebody has begun a new data folder. */
async function isOtherNetwork(pubky: Pubky, state: LoadState, plan: Plan): Promise<boolean> {
  const done = plan.operations.filter(({ id }) => state.isDone(id))
  const samples = [done.at(0), done.at(Math.floor(done.length / 2)), done.at(-1)]
  for (const sample of samples)
    if (sample === undefined || (await isThere(pubky, state, sample))) return false
  return true
}

/**
 * Plays a file into a network: a key, an account and signed objects for each person. Interrupted or
 * repeated, it goes on where it ended; keys and ids stay. Rejects with LoadError, or with the PubkyError
 * of an outage that lasts.
 */
export async function loadFile(o: LoadOptions): Promise<LoadReport> {
  const { network, onProgress, signal } = o
  const { lines, sha } = await readLines(o.file)
  await using state = await openLoadState(stateDirectory(network.dataDir, sha))
  const plan = planFor(lines, state)
  const keys = new Map(
    [...plan.people.keys()].map((who) => [who, state.person(who).root.publicKey]),
  )
  await state.save(plan.posts)
  const refusedFile = join(state.dir, 'refused.jsonl')
  const refusedText = plan.refused.map((refusal) => `${JSON.stringify(refusal)}\n`).join('')
  await writeFile(refusedFile, refusedText, { mode: 0o600 })

  await using pubky = createPubky({ relays: [network.relay], localHost: 'localhost' })
  if (await isOtherNetwork(pubky, state, plan)) await state.restart()
  const homeserver = parsePublicKey(network.homeserverKey)
  const open = (author: string, opening: AbortSignal) => {
    const { root, client } = state.person(author)
    return pubky.signUpGrant(signerFromKeypair(root), {
      homeserver,
      client: signerFromKeypair(client),
      clientId: CLIENT_ID,
      capabilities: CAPABILITIES,
      signal: opening,
    })
  }

  const total = plan.operations.length
  const before = plan.operations.filter(({ id }) => state.isDone(id)).length
  o.onPlan?.(plan, before)
  let sent = 0
  const failures = await playOperations(plan.operations, {
    open,
    isDone: state.isDone,
    onDone(id) {
      state.done(id)
      sent += 1
      onProgress?.(before + sent, total)
    },
    ...(o.concurrency !== undefined && { concurrency: o.concurrency }),
    ...(signal && { signal }),
  })
  const authors = new Set(plan.operations.map(({ author }) => author))
  for (const [handle, line] of plan.people) {
    if (authors.has(handle) || state.isDone(line)) continue
    const never = new AbortController().signal
    await patiently(() => open(handle, signal ?? never), signal ?? never)
    state.done(line)
  }
  return { plan, sent, failures, stateDir: state.dir, refusedFile, keys }
}
