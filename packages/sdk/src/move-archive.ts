import type { Signer } from '@pubky/protocol'
import { type ArchiveFile, archiveInvalid } from './archive.ts'
import { archiveSource } from './archive-source.ts'
import {
  begin,
  copierTo,
  enter,
  finished,
  type Move,
  type MoveOptions,
  publish,
} from './move-start.ts'
import type { CopyCounts, MoveReport } from './move-types.ts'
import type { Pubky } from './types.ts'

/**
 * Brings an archive into an account at any homeserver and leaves the record as it is. What is newer
 * there, or not in the archive, stays. Makes the account when there is none.
 */
export async function importArchive(
  pubky: Pubky,
  root: Signer,
  o: Omit<MoveOptions, 'place'> & { file: ArchiveFile },
): Promise<CopyCounts> {
  const nowhere = { load: async () => null, save: async () => {} }
  return fromArchive(await begin(pubky, root, { ...o, place: nowhere }), o.file)
}

/** Moves an account out of an archive, when its old home is gone. */
export async function moveFromArchive(
  pubky: Pubky,
  root: Signer,
  o: MoveOptions & { file: ArchiveFile },
): Promise<MoveReport> {
  const move = await begin(pubky, root, o)
  if (move.place.guarantee !== null) return finished(move.place.guarantee)
  const counts = await fromArchive(move, o.file)
  await publish(move)
  await move.keep({ step: 'done', guarantee: 'archive' })
  return { ...counts, guarantee: 'archive', oldHomeTold: false }
}

async function fromArchive(move: Move, file: ArchiveFile): Promise<CopyCounts> {
  const source = await archiveSource(file)
  if (source.owner !== move.root.publicKey)
    throw archiveInvalid('this is the archive of another account')
  const target = await enter(move)
  try {
    const copier = await copierTo(move, source, target)
    await copier.all({ keep: true })
    await copier.keys()
    return copier.counts
  } finally {
    await Promise.allSettled([target.signOut()])
  }
}
