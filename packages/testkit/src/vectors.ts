import { readFileSync } from 'node:fs'

/** A file of `packages/testkit/vectors`, in the shape that the caller knows it has. */
export function readVectors<T>(name: string): T {
  const file = new URL(`../vectors/${name}.json`, import.meta.url)
  const json: unknown = JSON.parse(readFileSync(file, 'utf8'))
  return json as T
}
