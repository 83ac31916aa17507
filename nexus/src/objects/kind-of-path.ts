import { classifyPath } from '@pubky/app-specs'
import type { StoragePath } from '@pubky/protocol'
import { isKeyPath } from './key-rules.ts'
import type { ObjectKind } from './object-doc.ts'

const PROOF_BUNDLE = '/pub/pubky.proofs/bundle'

const KINDS: Record<string, ObjectKind> = {
  profile: 'profile',
  post: 'post',
  tag: 'tag',
  bookmark: 'bookmark',
  follow: 'follow',
  mute: 'mute',
  file: 'file',
  blob: 'blob',
  lastRead: 'lastRead',
}

/** What lies at a path, or null when no view reads it. */
export function kindOfPath(path: StoragePath): ObjectKind | null {
  const ref = classifyPath(path)
  if (ref) return KINDS[ref.kind] ?? null
  if (path === PROOF_BUNDLE) return 'proofs'
  return isKeyPath(path) ? 'key' : null
}
