import type { PublicKeyZ32, Signer } from '@pubky/protocol'
import { parsePublicKeyLenient } from '@pubky/protocol/keys'
import { type MirrorPlace, mirrorAccount, promoteMirror } from '@pubky/sdk/mirror'
import type { PlaceStore } from '@pubky/sdk/move-types'
import type { RuntimeConfig } from '../config.ts'
import type { Account } from '../session/accounts.ts'
import { pubkyClient } from '../session/connection.ts'
import { errorCode, errorPath } from '../session/errors.ts'
import { type RootSecret, withRoot } from '../session/root.ts'
import { arrive } from './arrive.ts'
import { forgetMirror, type KeptMirror, keepMirror, keptMirror } from './mirror-place.ts'
import {
  type MirrorControl,
  mirrorLock,
  mirrorStatus,
  setMirrorStatus,
  takeControl,
} from './mirror-status.ts'
import { placeStore } from './move-place.ts'

// Loaded when somebody starts a mirror or goes on with it.

/** How old the word may be that the copy was fresh, when the tab is closed without notice. */
const HEARTBEAT_MS = 10_000

export interface MirrorRequest {
  config: RuntimeConfig
  account: Account
  secret: RootSecret
  to: string
  code: string
  /** `home`: the copy becomes the home at once. */
  goal: 'mirror' | 'home'
}

interface Run extends Omit<MirrorRequest, 'to'> {
  to: PublicKeyZ32
  root: Signer
  control: MirrorControl
}

function failure(code: string): Error {
  return Object.assign(new Error(`mirror: ${code}`), { code })
}

let last: Promise<void> = Promise.resolve()

/** Runs until it is paused, stopped or promoted; how it goes is in the status. Never rejects. */
export function runMirror(request: MirrorRequest): Promise<void> {
  const before = last
  last = start(request, before)
  return last
}

async function start(request: MirrorRequest, before: Promise<void>): Promise<void> {
  const { user } = request.account
  const control = takeControl(user)
  const { signal } = control.stop
  setMirrorStatus({ state: 'opening' })
  try {
    // One that was paused a moment ago still takes leave of both homes.
    await before
    signal.throwIfAborted()
    const to = parsePublicKeyLenient(request.to)
    await navigator.locks.request(mirrorLock(user), { ifAvailable: true }, (held) => {
      if (!held) throw failure('elsewhere')
      return withRoot(user, request.secret, (root) => run({ ...request, to, root, control }))
    })
  } catch (error) {
    // Stopped here, or by another tab that took the lock.
    const isStolen = error instanceof DOMException && error.name === 'AbortError'
    if (isStolen && !signal.aborted) setMirrorStatus({ state: 'idle' })
    else if (!signal.aborted)
      setMirrorStatus({ state: 'failed', code: errorCode(error), detail: errorPath(error) })
    control.stop.abort()
  } finally {
    control.ended = true
  }
}

async function run(r: Run): Promise<void> {
  const { signal } = r.control.stop
  if (r.goal === 'mirror') {
    await mirror(r)
    if (signal.aborted) return
    if (!r.control.promote.signal.aborted) {
      await forgetMirror(r.account.user)
      return setMirrorStatus({ state: 'home' })
    }
  }
  await promote(r)
}

async function mirror({ config, account, root, to, code, control }: Run): Promise<void> {
  const { user } = account
  const pubky = pubkyClient(config)
  const known = await keptMirror(user)
  if (!known && (await pubky.homeserverOf(root.publicKey)) === to) throw failure('move_refused')
  const kept: KeptMirror = known ?? { v: 1, to, freshAtMs: null, place: null }
  const signal = AbortSignal.any([control.stop.signal, control.promote.signal])
  const show = (status: Parameters<typeof setMirrorStatus>[0]) => {
    if (!signal.aborted) setMirrorStatus(status)
  }
  const keep = async (change: Partial<KeptMirror>) => {
    Object.assign(kept, change)
    if (!signal.aborted) await keepMirror(user, { ...kept })
  }
  const place: PlaceStore<MirrorPlace> = {
    load: async () => kept.place,
    save: (next) => keep({ place: next }),
  }
  const heartbeat = setInterval(() => {
    if (mirrorStatus().state === 'fresh') keep({ freshAtMs: Date.now() }).catch(() => {})
  }, HEARTBEAT_MS)
  await keep({})
  show({ state: 'copying', done: 0, total: 0 })
  try {
    await mirrorAccount(pubky, root, {
      to,
      place,
      signal,
      ...(code && { signupToken: code }),
      onProgress: ({ done, total }) => show({ state: 'copying', done, total }),
      onTrouble: (error) => show({ state: 'trouble', code: errorCode(error) }),
      onFresh({ counts }) {
        const atMs = Date.now()
        show({ state: 'fresh', atMs, counts: { ...counts, problems: [...counts.problems] } })
        keep({ freshAtMs: atMs }).catch(() => {})
      },
    })
  } catch (error) {
    // Nothing lies there yet: perhaps its key or the code was mistyped.
    if (kept.freshAtMs === null) await forgetMirror(user)
    throw error
  } finally {
    clearInterval(heartbeat)
  }
}

async function promote({ config, account, root, to, control }: Run): Promise<void> {
  const { user } = account
  const { signal } = control.stop
  setMirrorStatus({ state: 'promoting', progress: { step: 'copy', done: 0, total: 0 } })
  const moved = await arrive(config, account, to, () =>
    promoteMirror(pubkyClient(config), root, {
      to,
      place: placeStore(user),
      signal,
      onProgress(progress) {
        if (!signal.aborted) setMirrorStatus({ state: 'promoting', progress })
      },
    }),
  )
  await forgetMirror(user)
  setMirrorStatus({ state: 'promoted', moved })
}
