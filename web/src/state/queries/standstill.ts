import { useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import { keptMirror } from '../data/mirror-place.ts'
import { IDLE, mirrorStatus, runsElsewhere, subscribeMirror } from '../data/mirror-status.ts'
import { unfinishedMove } from '../data/move-place.ts'
import { usePending } from '../outbox/outbox.tsx'
import { useReachable } from '../services.ts'
import { useViewerSession } from '../session/viewer.tsx'
import { quietMs, type Standstill, type StandstillFacts, standstills } from '../standstill.ts'

/** Other tabs tell nothing of moves and mirrors. */
const LOOK_MS = 20_000

type Kept = Pick<StandstillFacts, 'move' | 'mirror'>
const NOTHING: Kept = { move: null, mirror: null }

/** What stands still of a person's in this browser, the most pressing first. */
export function useStandstills(user: string): Standstill[] {
  const { ended } = useViewerSession()
  const pending = usePending()
  const { move, mirror } = useKept(user)
  const oldest = useOldest(pending.find(({ state }) => state === 'waiting')?.id ?? null)
  return standstills({ ended, move, mirror, pending, oldest })
}

function useKept(user: string): Kept {
  const { state } = useSyncExternalStore(subscribeMirror, mirrorStatus, () => IDLE)
  const [kept, setKept] = useState(NOTHING)
  useEffect(() => {
    let isCurrent = true
    const look = () => {
      if (document.visibilityState !== 'visible') return
      read(user, state)
        .catch(() => NOTHING)
        .then((found) => {
          if (isCurrent) setKept(found)
        })
    }
    look()
    const timer = setInterval(look, LOOK_MS)
    document.addEventListener('visibilitychange', look)
    return () => {
      isCurrent = false
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [user, state])
  return kept
}

async function read(
  user: string,
  status: NonNullable<StandstillFacts['mirror']>['status'],
): Promise<Kept> {
  const [move, mirror, locks] = await Promise.all([
    unfinishedMove(user),
    keptMirror(user),
    navigator.locks.query(),
  ])
  const isMoving = locks.held?.some(({ name }) => name === `pubky-move:${user}`) ?? false
  return {
    move: isMoving ? null : move,
    mirror: mirror && { kept: mirror, status, isElsewhere: await runsElsewhere(user) },
  }
}

/** How long the same action has been the first that waits, while the network was there. */
function useOldest(id: string | null): StandstillFacts['oldest'] {
  const reachable = useReachable()
  const [since, setSince] = useState<{ id: string; atMs: number } | null>(null)
  const [now, setNow] = useState(0)
  useEffect(() => {
    if (id === null || !reachable) return setSince(null)
    const atMs = Date.now()
    setSince({ id, atMs })
    setNow(atMs)
    const timer = setInterval(() => setNow(Date.now()), LOOK_MS)
    return () => clearInterval(timer)
  }, [id, reachable])
  return since && { id: since.id, forMs: now - since.atMs }
}

/** Those that were not dismissed, and how to dismiss one; remembered by this browser. */
export function useDismissed(user: string, all: readonly Standstill[]) {
  const key = `pubky-quiet:${user}`
  const [quiet, setQuiet] = useState<Readonly<Record<string, number>>>(() => readQuiet(key))
  const now = Date.now()
  const dismiss = useCallback(
    (one: Standstill) => {
      const kept = Object.entries(readQuiet(key)).filter(([, until]) => until > Date.now())
      const next = { ...Object.fromEntries(kept), [nameOf(one)]: Date.now() + quietMs(one) }
      setQuiet(next)
      localStorage.setItem(key, JSON.stringify(next))
    },
    [key],
  )
  return { shown: all.filter((one) => (quiet[nameOf(one)] ?? 0) <= now), dismiss }
}

function nameOf({ kind, mark }: Standstill): string {
  return `${kind}:${mark}`
}

function readQuiet(key: string): Record<string, number> {
  try {
    const json: unknown = JSON.parse(localStorage.getItem(key) ?? '{}')
    if (typeof json !== 'object' || json === null) return {}
    return Object.fromEntries(Object.entries(json).filter(([, until]) => typeof until === 'number'))
  } catch {
    return {}
  }
}
