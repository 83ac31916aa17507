'use client'

import { useState } from 'react'
import { ConfirmDialog } from '../../../components/confirm-dialog.tsx'
import { useT } from '../../../i18n/client.tsx'
import { pauseMirror, promoteNow } from '../../../state/data/mirror-status.ts'
import { Button } from '../../../ui/button.tsx'

interface MirrorActionsProps {
  isAtWork: boolean
  isElsewhere: boolean
  /** The copy had everything once. */
  canPromote: boolean
  /** These two ask for the key first. */
  onGoOn: () => void
  onPromote: () => void
  onEnd: () => void
}

/** What can be done with a mirror that was set up. */
export function MirrorActions(props: MirrorActionsProps) {
  const { isAtWork, isElsewhere, canPromote, onGoOn, onPromote, onEnd } = props
  const t = useT()
  const [asked, setAsked] = useState<'promote' | 'end' | null>(null)
  return (
    <div className="mt-5 flex flex-wrap gap-3">
      {isAtWork || isElsewhere ? null : (
        <Button look="brand" onClick={onGoOn}>
          {t('mirror.goOn')}
        </Button>
      )}
      {canPromote && !isElsewhere ? (
        <Button look="outline" onClick={() => setAsked('promote')}>
          {t('mirror.promote')}
        </Button>
      ) : null}
      {isAtWork ? (
        <Button look="outline" onClick={pauseMirror}>
          {t('mirror.pause')}
        </Button>
      ) : null}
      <Button look="quiet" onClick={() => setAsked('end')}>
        {t('mirror.end')}
      </Button>
      {asked === 'promote' ? (
        <ConfirmDialog
          title={t('mirror.promoteTitle')}
          text={t('mirror.promoteText')}
          confirm={t('mirror.promote')}
          onConfirm={isAtWork ? promoteNow : onPromote}
          onClose={() => setAsked(null)}
        />
      ) : null}
      {asked === 'end' ? (
        <ConfirmDialog
          danger
          title={t('mirror.endTitle')}
          text={t('mirror.endText')}
          confirm={t('mirror.end')}
          onConfirm={onEnd}
          onClose={() => setAsked(null)}
        />
      ) : null}
    </div>
  )
}
