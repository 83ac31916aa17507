import { classifyPath } from '@pubky/app-specs'
import { KEYS_FOLDER, type StoragePath } from '@pubky/protocol'

/** Where the body of an object goes; null when no projection reads it. */
export type Place = 'row' | 'blob' | null
export type Wanted = (path: StoragePath) => Place

const PLACES: Record<string, Place> = {
  profile: 'row',
  post: 'row',
  tag: 'row',
  bookmark: 'row',
  follow: 'row',
  mute: 'row',
  file: 'row',
  lastRead: 'row',
  blob: 'blob',
}

const PROOF_BUNDLE = '/pub/pubky.proofs/bundle'

/** What Nexus reads: the objects of the data model, tags of every app, keys and proofs. */
export const wantedByNexus: Wanted = (path) => {
  const ref = classifyPath(path)
  if (ref) return PLACES[ref.kind] ?? null
  return path.startsWith(KEYS_FOLDER) || path === PROOF_BUNDLE ? 'row' : null
}
