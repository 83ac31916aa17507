'use client'

import { CircleAlert } from 'lucide-react'
import { useT } from '../../i18n/client.tsx'
import { useActions } from '../../state/actions.ts'
import { parseSlot } from '../../state/drafts.ts'
import type { ShownPost } from '../../state/queries/post.ts'
import { errorTextKey } from '../../state/session/errors.ts'
import { Button } from '../../ui/button.tsx'
import { Spinner } from '../../ui/spinner.tsx'
import { useCompose } from '../composer/compose.tsx'

interface SendStateProps {
  shown: ShownPost
  /** It has no words that could be edited. */
  wordless?: boolean
}

/** Of the person's own new post: on its way, or refused with what one can do. */
export function SendState({ shown, wordless = false }: SendStateProps) {
  const t = useT()
  const { retry, discard, takeBack } = useActions()
  const compose = useCompose()
  const { sending, pendingId } = shown
  if (sending === null || pendingId === null) return null

  async function edit(id: string) {
    const slot = await takeBack(id)
    const draft = slot === null ? null : parseSlot(slot)
    if (slot === null || draft === null) return
    if (draft.mode === 'post') compose({ mode: 'post', slot })
    else if (draft.target) compose({ mode: draft.mode, target: draft.target, slot })
  }

  if (sending === 'waiting')
    return (
      <p className="mt-3 flex items-center gap-2 text-xs font-medium text-mute" role="status">
        <Spinner className="text-brand-text" />
        {t('post.sending')}
      </p>
    )
  return (
    <div role="alert" className="mt-3 rounded-md bg-danger-veil p-3 text-sm">
      <p className="flex items-center gap-2 font-semibold text-danger">
        <CircleAlert size={16} aria-hidden />
        {t('post.failed')}
      </p>
      <p className="mt-1 text-soft">
        {t('post.failedText', { reason: t(errorTextKey(shown.reason)) })}
      </p>
      <div className="mt-2 flex gap-2">
        <Button size="sm" onClick={() => retry(pendingId)}>
          {t('post.retry')}
        </Button>
        {wordless ? null : (
          <Button look="outline" size="sm" onClick={() => void edit(pendingId)}>
            {t('post.keepDraft')}
          </Button>
        )}
        <Button look="quiet" size="sm" onClick={() => discard(pendingId)}>
          {t('post.discard')}
        </Button>
      </div>
    </div>
  )
}
