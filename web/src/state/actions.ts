import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useJoin } from '../components/join.tsx'
import { useT } from '../i18n/client.tsx'
import { showToast } from '../ui/toast.tsx'
import type { Action, ProfileDraft, Upload } from './outbox/actions.ts'
import { useOutbox } from './outbox/outbox.tsx'
import { errorCode, errorTextKey } from './session/errors.ts'
import { useViewer } from './session/viewer.tsx'
import type { PostKeyText, PostView } from './views.ts'

export interface NewPost {
  content: string
  /** `short` unless the first attachment or a link says otherwise; `long` for articles. */
  kind?: string
  tags?: readonly string[]
  uploads?: readonly Upload[]
  /** The post that this one answers. */
  parent?: PostKeyText | null
  /** The post that this one reposts (without content) or quotes. */
  embed?: PostKeyText | null
}

export interface Actions {
  /** Resolves with the new post's key when it is shown and kept; rejects when it is invalid. */
  post(draft: NewPost): Promise<PostKeyText | null>
  edit(view: PostView, content: string): Promise<void>
  remove(view: PostView, parent: PostKeyText | null, embed: PostKeyText | null): void
  tag(target: string, label: string, on: boolean): void
  bookmark(key: PostKeyText, on: boolean): void
  follow(user: string, on: boolean): void
  mute(user: string, on: boolean): void
  saveProfile(draft: ProfileDraft): Promise<void>
  /** Notifications up to this moment are read. */
  markRead(atMs: number): void
  retry(pendingId: string): void
  discard(pendingId: string): void
  /** Turns a refused post into a draft and returns the draft's slot. */
  takeBack(pendingId: string): Promise<string | null>
}

function kindOf({ content, kind, uploads = [] }: NewPost): string {
  if (kind) return kind
  const [first] = uploads
  if (first?.type.startsWith('image/')) return 'image'
  if (first?.type.startsWith('video/')) return 'video'
  if (first) return 'file'
  return /https?:\/\/\S/.test(content) ? 'link' : 'short'
}

/**
 * Everything a person does. Effects show at once and are sent in the background; a guest is asked to
 * join instead.
 */
export function useActions(): Actions {
  const outbox = useOutbox()
  const { id: viewer } = useViewer()
  const askToJoin = useJoin()
  const t = useT()
  const client = useQueryClient()

  return useMemo(() => {
    function count(key: PostKeyText | null | undefined, name: 'replies' | 'reposts'): number {
      return (key && client.getQueryData<PostView | null>(['post', key])?.counts[name]) || 0
    }

    function run(action: Action): void {
      if (outbox)
        outbox.enqueue(action).catch((error: unknown) => {
          showToast('bad', t(errorTextKey(errorCode(error))))
        })
      else askToJoin()
    }
    return {
      async post(draft) {
        if (!outbox || viewer === null) {
          askToJoin()
          return null
        }
        const { newPostKey, planOps } = await import('./outbox/plan.ts')
        const action: Action = {
          type: 'post',
          key: newPostKey(viewer),
          content: draft.content.trim(),
          kind: kindOf(draft),
          parent: draft.parent ?? null,
          embed: draft.embed ?? null,
          tags: draft.tags ?? [],
          uploads: draft.uploads ?? [],
          atMs: Date.now(),
          replies: count(draft.parent, 'replies') + 1,
          reposts: count(draft.embed, 'reposts') + 1,
        }
        // Refuses what the data model does not allow, before anything shows.
        planOps(viewer, action)
        await outbox.enqueue(action)
        return action.key
      },
      async edit(before, content) {
        if (!outbox || viewer === null) return askToJoin()
        const key = `${before.details.author}:${before.details.id}`
        const action: Action = { type: 'edit', key, content: content.trim(), before }
        const { planOps } = await import('./outbox/plan.ts')
        planOps(viewer, action)
        await outbox.enqueue(action)
      },
      remove(view, parent, embed) {
        run({ type: 'delete', key: `${view.details.author}:${view.details.id}`, parent, embed })
      },
      tag: (target, label, on) => run({ type: 'tag', target, label, on }),
      bookmark: (key, on) => run({ type: 'bookmark', key, on }),
      follow: (user, on) => run({ type: 'follow', user, on }),
      mute: (user, on) => run({ type: 'mute', user, on }),
      async saveProfile(draft) {
        if (!outbox || viewer === null) return askToJoin()
        await outbox.enqueue({ type: 'profile', draft, image: draft.image })
      },
      markRead: (atMs) => run({ type: 'lastRead', atMs }),
      retry: (id) => void outbox?.retry(id),
      discard: (id) => void outbox?.discard(id),
      async takeBack(id) {
        const pending = outbox?.store.list.find((one) => one.id === id)
        if (!outbox || !pending) return null
        const { rescue } = await import('./outbox/to-draft.ts')
        const slot = await rescue(outbox.store.user, pending)
        await outbox.discard(id)
        return slot
      },
    }
  }, [outbox, viewer, askToJoin, t, client])
}

const LABEL = /^[^\s,:]+$/u
const LABEL_MOST = 20

/** A label as it is stored, or null when it cannot be one (spec/web-app.md 12). */
export function cleanLabel(text: string): string | null {
  const label = text.trim().toLowerCase()
  return LABEL.test(label) && [...label].length <= LABEL_MOST ? label : null
}
