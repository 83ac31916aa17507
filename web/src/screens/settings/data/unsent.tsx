'use client'

import { useT } from '../../../i18n/client.tsx'
import type { MessageKey } from '../../../i18n/types.ts'
import { useActions } from '../../../state/actions.ts'
import type { Action, Pending } from '../../../state/outbox/actions.ts'
import { usePending } from '../../../state/outbox/outbox.tsx'
import { draftOf } from '../../../state/outbox/to-draft.ts'
import { errorTextKey } from '../../../state/session/errors.ts'
import { Button } from '../../../ui/button.tsx'
import { Card } from './card.tsx'

/** More are counted, not listed. */
const MOST = 20

const WHAT: Record<Action['type'], MessageKey> = {
  post: 'data.unsentPost',
  edit: 'data.unsentEdit',
  delete: 'data.unsentDelete',
  tag: 'data.unsentTag',
  bookmark: 'data.unsentBookmark',
  follow: 'data.unsentFollow',
  mute: 'data.unsentMute',
  profile: 'data.unsentProfile',
  lastRead: 'data.unsentRead',
}

/** What the homeserver has not taken yet; nothing while there is nothing. */
export function Unsent() {
  const t = useT()
  const unsent = usePending().filter(({ state }) => state !== 'sent')
  if (unsent.length === 0) return null
  const more = unsent.length - MOST
  return (
    <Card id="unsent" title={t('data.unsent')} text={t('data.unsentText')}>
      <ul aria-label={t('data.unsent')} className="divide-y border-t">
        {unsent.slice(0, MOST).map((one) => (
          <UnsentRow key={one.id} pending={one} />
        ))}
      </ul>
      {more > 0 ? (
        <p className="border-t pt-3 text-sm text-mute">{t('data.unsentMore', { count: more })}</p>
      ) : null}
    </Card>
  )
}

function UnsentRow({ pending }: { pending: Pending }) {
  const t = useT()
  const { retry, discard, takeBack } = useActions()
  const { id, action, state, reason } = pending
  const words = wordsOf(action)
  return (
    <li className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 py-3 text-sm">
      <div className="min-w-0 grow basis-48">
        <p className="font-medium">{t(WHAT[action.type])}</p>
        {words ? (
          <p className="line-clamp-2 text-soft" dir="auto">
            {words}
          </p>
        ) : null}
        <p className={state === 'failed' ? 'font-medium text-danger' : 'text-mute'}>
          {state === 'failed' ? t(errorTextKey(reason)) : t('data.unsentWaits')}
        </p>
      </div>
      {state === 'failed' ? (
        <div className="flex flex-wrap gap-2">
          <Button size="sm" onClick={() => retry(id)}>
            {t('common.retry')}
          </Button>
          {draftOf(action) ? (
            <Button size="sm" look="outline" onClick={() => void takeBack(id)}>
              {t('data.unsentDraft')}
            </Button>
          ) : null}
          <Button size="sm" look="quiet" onClick={() => discard(id)}>
            {t('data.unsentDiscard')}
          </Button>
        </div>
      ) : null}
    </li>
  )
}

function wordsOf(action: Action): string | null {
  switch (action.type) {
    case 'post':
    case 'edit':
      return action.content
    case 'tag':
      return action.label
    case 'profile':
      return action.draft.name
    default:
      return null
  }
}
