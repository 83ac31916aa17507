'use client'

import { useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import { draftSlot, dropDraft } from '../../state/drafts.ts'
import { usePost } from '../../state/queries/post.ts'
import { useViewer } from '../../state/session/viewer.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { EmbeddedPost } from '../post-card/embedded-post.tsx'
import type { WriteRequest } from './compose.tsx'
import { Composer } from './composer.tsx'
import { useLeave } from './use-leave.ts'

const TITLES = {
  post: 'composer.newTitle',
  reply: 'composer.replyTitle',
  repost: 'composer.repostTitle',
  edit: 'composer.editTitle',
} as const

/** The composer in a dialog, with the post that it is about. */
export function ComposeDialog({
  request,
  onClose,
}: {
  request: WriteRequest
  onClose: () => void
}) {
  const t = useT()
  const [dirty, setDirty] = useState(false)
  const [asking, setAsking] = useState(false)
  const { id: viewer } = useViewer()
  // What is written is kept as a draft.
  useLeave(onClose)
  const close = () => (dirty ? setAsking(true) : onClose())

  function discard() {
    const target = request.mode === 'post' ? null : request.target
    const slot = request.slot ?? draftSlot(request.mode, target)
    onClose()
    // After the composer has gone, which keeps what it holds.
    if (viewer !== null) setTimeout(() => void dropDraft(viewer, slot))
  }
  return (
    <Dialog
      open
      onClose={close}
      title={t(TITLES[request.mode])}
      {...(request.mode === 'edit' ? { description: t('composer.editText') } : {})}
    >
      {request.mode === 'reply' ? <EmbeddedPost postKey={request.target} /> : null}
      <div className={request.mode === 'reply' ? 'mt-4' : ''}>
        {request.mode === 'edit' ? (
          <EditForm
            postKey={request.target}
            slot={request.slot}
            onDirty={setDirty}
            onDone={onClose}
          />
        ) : (
          <Composer
            mode={request.mode}
            {...(request.mode === 'post'
              ? { initialText: request.text ?? '' }
              : { target: request.target })}
            slot={request.slot}
            onDirty={setDirty}
            onDone={onClose}
            autoFocus
          />
        )}
      </div>
      {request.mode === 'repost' ? <EmbeddedPost postKey={request.target} /> : null}
      {asking ? (
        <Dialog
          open
          onClose={() => setAsking(false)}
          title={t('composer.keepTitle')}
          description={t('composer.keepText')}
          footer={
            <>
              <Button look="danger" onClick={discard}>
                {t('composer.discard')}
              </Button>
              <Button look="brand" data-autofocus onClick={onClose}>
                {t('composer.keepDraft')}
              </Button>
            </>
          }
        >
          <span />
        </Dialog>
      ) : null}
    </Dialog>
  )
}

interface EditFormProps {
  postKey: string
  slot: string | undefined
  onDirty: (dirty: boolean) => void
  onDone: () => void
}

function EditForm({ postKey, slot, onDirty, onDone }: EditFormProps) {
  const t = useT()
  const { post, status, retry } = usePost(postKey)
  if (!post)
    return status === 'error' ? (
      <Button onClick={retry}>{t('common.retry')}</Button>
    ) : (
      <Skeleton className="h-32" />
    )
  return (
    <Composer mode="edit" editing={post} slot={slot} onDirty={onDirty} onDone={onDone} autoFocus />
  )
}
