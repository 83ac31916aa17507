import type { Bookmark, FileMeta, Post, Profile, Tag } from '@pubky/app-specs'
import type { KeyRule, PublicKeyZ32 } from '@pubky/protocol'
import type { Place } from './key-rules.ts'

/** A post as it is kept; of a deleted one only what it refers to is left. */
export interface PostDoc extends Post {
  mentions: PublicKeyZ32[]
}

/** The content of an object that counts, as JSON that PostgreSQL can hold. */
export type ObjectDoc =
  | { kind: 'profile'; value: Profile }
  | { kind: 'post'; id: string; value: PostDoc }
  | { kind: 'tag'; id: string; app: string; value: Tag }
  | { kind: 'bookmark'; id: string; value: Bookmark }
  | { kind: 'follow' | 'mute'; target: PublicKeyZ32 }
  | { kind: 'file'; id: string; value: FileMeta }
  | { kind: 'lastRead'; at: number }
  /** `seen`: the place of the first revocation of its key. */
  | { kind: 'key'; rule: KeyRule | null; seen?: Place }
  /** Objects that are served and verified, but say nothing here. */
  | { kind: 'blob' | 'proofs' }

export type ObjectKind = ObjectDoc['kind']
