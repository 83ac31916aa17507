import { useCallback, useEffect, useRef, useState } from 'react'
import { errorCode, errorPath } from '../../../state/session/errors.ts'

export type Job<P, R> =
  | { state: 'idle' }
  | { state: 'running'; progress: P | null }
  | { state: 'failed'; code: string; detail: string | null }
  | { state: 'done'; result: R }

interface Work<P> {
  signal: AbortSignal
  onProgress: (progress: P) => void
}

/** Something long that can be stopped; it ends with the page, which asks before it goes. */
export function useJob<P, R>() {
  const [job, setJob] = useState<Job<P, R>>({ state: 'idle' })
  const control = useRef<AbortController | null>(null)

  const stop = useCallback(() => control.current?.abort(), [])
  useEffect(() => stop, [stop])

  const isRunning = job.state === 'running'
  useEffect(() => {
    if (!isRunning) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [isRunning])

  const run = useCallback(async (work: (o: Work<P>) => Promise<R>) => {
    const own = new AbortController()
    control.current?.abort()
    control.current = own
    const { signal } = own
    const show = (next: Job<P, R>) => {
      if (control.current === own) setJob(next)
    }
    show({ state: 'running', progress: null })
    try {
      const onProgress = (progress: P) => {
        if (!signal.aborted) show({ state: 'running', progress })
      }
      show({ state: 'done', result: await work({ signal, onProgress }) })
    } catch (error) {
      if (signal.aborted) show({ state: 'idle' })
      else show({ state: 'failed', code: errorCode(error), detail: errorPath(error) })
    }
  }, [])

  return { job, run, stop }
}
