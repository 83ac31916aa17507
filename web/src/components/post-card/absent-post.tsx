'use client'

import { useT } from '../../i18n/client.tsx'
import type { PostKeyText } from '../../state/views.ts'
import { Button } from '../../ui/button.tsx'

export function DeletedPost({
  postKey,
  position,
}: {
  postKey: PostKeyText
  position?: number | undefined
}) {
  const t = useT()
  return (
    <article
      data-post={postKey}
      tabIndex={position === undefined ? undefined : 0}
      aria-posinset={position}
      aria-setsize={position === undefined ? undefined : -1}
      className="card border-dashed px-6 py-4 text-sm text-mute"
    >
      {t('post.deleted')}
    </article>
  )
}

export function MissingPost({ onRetry }: { onRetry: () => void }) {
  const t = useT()
  return (
    <article className="card flex flex-wrap items-center justify-between gap-3 border-dashed px-6 py-4 text-sm text-mute">
      {t('post.missing')}
      <Button look="outline" size="sm" onClick={onRetry}>
        {t('common.retry')}
      </Button>
    </article>
  )
}
