import { type DraftContent, draftSlot, saveDraft } from '../drafts.ts'
import type { Action, Pending } from './actions.ts'

/** The words of an action and where their draft goes; null when it has none. */
export function draftOf(
  action: Action,
  extra = '',
): { slot: string; content: DraftContent } | null {
  if (action.type === 'edit')
    return {
      slot: draftSlot('edit', action.key),
      content: { text: action.content, tags: [], uploads: [] },
    }
  if (action.type !== 'post') return null
  const { content: text, tags, uploads, parent, embed } = action
  if (text === '' && uploads.length === 0) return null
  const mode = parent ? 'reply' : embed ? 'repost' : 'post'
  return { slot: draftSlot(mode, parent ?? embed, extra), content: { text, tags, uploads } }
}

/** Keeps the words of what will not be sent. Returns the slot of the draft. */
export async function rescue(user: string, { id, action }: Pending): Promise<string | null> {
  const draft = draftOf(action, id)
  if (!draft) return null
  await saveDraft(user, draft.slot, draft.content)
  return draft.slot
}
