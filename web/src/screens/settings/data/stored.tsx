'use client'

import { CloudOff, Copy } from 'lucide-react'
import { useCopy } from '../../../components/use-copy.ts'
import { useLocale, useT } from '../../../i18n/client.tsx'
import { formatLocale } from '../../../i18n/types.ts'
import type { Storage } from '../../../state/data/usage.ts'
import { useUsage } from '../../../state/queries/usage.ts'
import { errorCode, errorTextKey } from '../../../state/session/errors.ts'
import { Button, IconButton } from '../../../ui/button.tsx'
import { Skeleton } from '../../../ui/skeleton.tsx'
import { ErrorState } from '../../../ui/states.tsx'
import { Card, Meter } from './card.tsx'
import { formatBytes } from './format-bytes.ts'

/** Where the account lives and how much of it is used. */
export function Stored({ user }: { user: string }) {
  const t = useT()
  const copy = useCopy()
  const { data, error, isFetching, refetch } = useUsage(user)
  if (!data && error && !isFetching)
    return (
      <ErrorState
        icon={<CloudOff size={28} aria-hidden />}
        title={t('data.usageFailed')}
        action={<Button onClick={() => void refetch()}>{t('common.retry')}</Button>}
      >
        {t(errorTextKey(errorCode(error)))}
      </ErrorState>
    )
  return (
    <Card title={t('data.stored')}>
      {data ? (
        <>
          {data.storage ? (
            <Amounts storage={data.storage} />
          ) : (
            <p className="text-sm text-mute">{t('data.usageUnknown')}</p>
          )}
          <h3 className="mt-5 mb-1.5 text-sm font-semibold">{t('data.homeserver')}</h3>
          <div className="flex items-center gap-2 rounded-md bg-raised py-2 ps-4 pe-2">
            <code data-testid="homeserver" className="key min-w-0 grow text-sm break-all">
              {data.homeserver}
            </code>
            <IconButton label={t('data.copyHomeserver')} onClick={() => copy(data.homeserver)}>
              <Copy size={17} aria-hidden />
            </IconButton>
          </div>
        </>
      ) : (
        <Skeleton className="h-32 rounded-md" />
      )}
    </Card>
  )
}

function Amounts({ storage }: { storage: Storage }) {
  const t = useT()
  const locale = formatLocale(useLocale())
  const { usedBytes, limitBytes, files, largestFileBytes } = storage
  const size = (bytes: number) => formatBytes(locale, bytes)
  const text =
    limitBytes === null
      ? t('data.used', { used: size(usedBytes) })
      : t('data.usedOf', { used: size(usedBytes), limit: size(limitBytes) })
  return (
    <>
      <p className="mb-3 flex flex-wrap justify-between gap-x-4 text-sm">
        <span className="font-semibold">{text}</span>
        <span className="text-mute">{t('data.files', { count: files })}</span>
      </p>
      {limitBytes === null ? null : <Meter label={text} done={usedBytes} total={limitBytes} />}
      {largestFileBytes === null ? null : (
        <p className="mt-3 text-sm text-mute">
          {t('data.largest', { size: size(largestFileBytes) })}
        </p>
      )}
    </>
  )
}
