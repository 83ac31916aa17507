import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Load, LoadResult } from './homeserver-load.ts'

/** Makes load from another process. */
export async function load(o: Load): Promise<LoadResult> {
  const child = fork(join(import.meta.dirname, 'homeserver-load.ts'), {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
  })
  child.send(o)
  const [result] = (await once(child, 'message')) as [LoadResult | { error: string }]
  child.disconnect()
  if ('error' in result) throw new Error(result.error)
  return result
}

export function rate({ count, ms }: LoadResult): number {
  return Math.round((count / ms) * 1000)
}
