import { useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import { type KeptMirror, keptMirror } from '../data/mirror-place.ts'
import {
  IDLE,
  type MirrorStatus,
  mirrorStatus,
  runsElsewhere,
  subscribeMirror,
} from '../data/mirror-status.ts'

/** Other tabs tell nothing; what they keep is read so often. */
const LOOK_MS = 2000

interface Look {
  kept: KeptMirror | null
  isElsewhere: boolean
}

const NOTHING: Look = { kept: null, isElsewhere: false }

/** The mirror of a person in this browser; `look` is undefined until it is known. */
export function useMirror(user: string): { status: MirrorStatus; look: Look | undefined } {
  const status = useSyncExternalStore(subscribeMirror, mirrorStatus, () => IDLE)
  const [look, setLook] = useState<Look>()
  const { state } = status

  const read = useCallback(
    async (): Promise<Look> => ({
      kept: await keptMirror(user),
      isElsewhere: await runsElsewhere(user),
    }),
    [user],
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is kept changes with the state.
  useEffect(() => {
    let isCurrent = true
    const refresh = () =>
      read()
        .catch(() => NOTHING)
        .then((found) => {
          if (isCurrent) setLook(found)
        })
    void refresh()
    const timer = setInterval(refresh, LOOK_MS)
    return () => {
      isCurrent = false
      clearInterval(timer)
    }
  }, [read, state])
  return { status, look }
}
