import { type BlobStoreKind, StartError } from '@pubky/server-kit'
import type { HomeserverConfig } from '../config.ts'

/** The last move of all blobs from one store to another, as the database tells it. */
export interface BlobMove {
  number: string
  source: BlobStoreKind
  target: BlobStoreKind
  state: 'asked' | 'moving' | 'done'
  probe: string
  sealed: Uint8Array | null
}

/** Where blobs are looked for, in this order, and where new ones go. */
export interface Placement {
  reads: readonly BlobStoreKind[]
  writes: BlobStoreKind
  /** What an operator has to change for the next start; null when the settings are right. */
  advice: string | null
}

type Settings = Pick<HomeserverConfig, 'blobStore' | 'blobStoreFrom'>

function bySettings({ blobStore, blobStoreFrom }: Settings): Placement {
  const reads = blobStoreFrom === 'none' ? [blobStore] : [blobStore, blobStoreFrom]
  return { reads, writes: blobStore, advice: null }
}

function leaveOut(target: string): string {
  return `The blobs now lie in ${target}: set BLOB_STORE=${target} without BLOB_STORE_FROM before the next start.`
}

/**
 * What settings and a move mean together. Whoever still has the settings from before a move follows it,
 * so that nothing is lost. Throws a `StartError` for settings under which blobs would not be found.
 */
export function placementOf(settings: Settings, move: BlobMove | null): Placement {
  const { blobStore, blobStoreFrom } = settings
  if (!move) return bySettings(settings)
  const { source, target, state } = move
  const isPart = blobStore === source || blobStore === target
  if (state !== 'done') {
    if (!isPart)
      throw new StartError(
        'invalid_config',
        `Blobs are being moved from ${source} to ${target}: BLOB_STORE must be one of these.`,
      )
    const isBefore = state === 'asked' && blobStore === source
    return { reads: [target, source], writes: isBefore ? source : target, advice: null }
  }
  if (blobStore === target) {
    const isLeft = blobStoreFrom === source
    return { ...bySettings(settings), advice: isLeft ? leaveOut(target) : null }
  }
  // On its way to yet another store, or back.
  if (blobStoreFrom === target) return bySettings(settings)
  if (blobStore === source) return { reads: [target], writes: target, advice: leaveOut(target) }
  throw new StartError(
    'invalid_config',
    `The blobs lie in ${target}: BLOB_STORE must be ${target}, or BLOB_STORE_FROM while they are moved on.`,
  )
}
