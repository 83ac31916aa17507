import {
  keypairFromSeed,
  type PublicKeyZ32,
  parseUri,
  type Signer,
  signerFromKeypair,
  toBase64,
  utf8,
} from '@pubky/protocol'
import type { Pubky, Session } from '@pubky/sdk'
import { isOutage, PubkyError } from '@pubky/sdk'
import { openRootSession } from '@pubky/sdk/move-home'
import { eachAtOnce } from '@pubky/sdk/move-retry'
import type { Random } from '../random.ts'

const LARGE_EVERY = 97
const LARGE_BYTES = 40_000

export interface Account {
  seed: Uint8Array
  root: Signer
  /** What was acknowledged last of each path: the body's text, null when deleted. */
  acknowledged: Map<string, string | null>
  /** Bodies whose answer never came: either they or what was acknowledged may be there. */
  unknown: Map<string, Set<string | null>>
}

function pathOf(n: number): string {
  const root = n % 10 === 9 ? 'priv' : 'pub'
  return `/${root}/app.test/${n % 7}/object ${n}`
}

function bodyOf(n: number, text: string): Uint8Array {
  if (n % LARGE_EVERY !== 0) return utf8(text.padEnd(1000, '.'))
  return utf8(text.padEnd(LARGE_BYTES, '.'))
}

/** An account with so many objects, four of five signed, one of ten private. */
export async function makeAccount(
  pubky: Pubky,
  home: PublicKeyZ32,
  o: { random: Random; objects: number },
): Promise<Account> {
  const seed = o.random.bytes(32)
  const root = signerFromKeypair(keypairFromSeed(seed))
  await pubky.signUp(root, home)
  const account: Account = { seed, root, acknowledged: new Map(), unknown: new Map() }
  const session = await openRootSession(pubky, root, home)
  const numbers = Array.from({ length: o.objects }, (_, n) => n)
  await eachAtOnce(numbers, 16, (n) => put(account, session, n, `first ${n}`))
  return account
}

async function put(account: Account, session: Session, n: number, text: string): Promise<void> {
  const path = pathOf(n)
  const body = bodyOf(n, text)
  await session.storage.put(path, body, { signer: n % 5 === 0 ? null : account.root })
  account.acknowledged.set(path, new TextDecoder().decode(body))
}

/** Goes on writing at one home until the account has left it; what is unclear is noted. */
export async function keepWriting(
  account: Account,
  session: Session,
  o: { random: Random; objects: number; signal: AbortSignal },
): Promise<number> {
  let written = 0
  for (let round = 1; !o.signal.aborted; round += 1) {
    const n = o.random.below(o.objects + 20)
    const path = pathOf(n)
    const isDeletion = o.random.below(8) === 0
    const text = `round ${round} of ${n}`
    const body = new TextDecoder().decode(bodyOf(n, text))
    try {
      if (isDeletion) {
        await session.storage.delete(path)
        account.acknowledged.set(path, null)
      } else await put(account, session, n, text)
      account.unknown.delete(path)
      written += 1
    } catch (error) {
      if (!(error instanceof PubkyError)) throw error
      if (error.code === 'moved') return written
      if (error.code !== 'moving' && isOutage(error)) {
        const open = account.unknown.get(path) ?? new Set()
        account.unknown.set(path, open.add(isDeletion ? null : body))
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return written
}

/** Every path with the hash and the proof of its object. */
export async function snapshot(
  pubky: Pubky,
  root: Signer,
  home: PublicKeyZ32,
): Promise<Map<string, string>> {
  const session = await openRootSession(pubky, root, home)
  const paths: string[] = []
  for (const folder of ['/pub/', '/priv/'])
    for await (const uri of session.storage.list(folder)) paths.push(parseUri(uri).path)
  const found = new Map<string, string>()
  await eachAtOnce(paths, 16, async (path) => {
    if (path.endsWith('/pubky.keys/manifest')) return
    const meta = await session.storage.head(path)
    found.set(path, `${meta?.etag} ${meta?.proof ? toBase64(meta.proof) : 'unsigned'}`)
  })
  await session.signOut()
  return found
}
