'use client'

import { CircleCheck, Download } from 'lucide-react'
import { useState } from 'react'
import { saveFile } from '../../../components/save-file.ts'
import { useLocale, useT } from '../../../i18n/client.tsx'
import { formatLocale } from '../../../i18n/types.ts'
import type { Amount, Exported } from '../../../state/data/export.ts'
import { useConfig } from '../../../state/services.ts'
import type { RootSecret } from '../../../state/session/root.ts'
import { shortKey } from '../../../state/views.ts'
import { Button } from '../../../ui/button.tsx'
import { Card, Meter } from './card.tsx'
import { formatBytes } from './format-bytes.ts'
import { Unlock } from './unlock.tsx'
import { useJob } from './use-job.ts'

function save(user: string, archive: Blob): void {
  const day = new Date().toISOString().slice(0, 10)
  saveFile(archive, `${shortKey(user).replace(/[^a-z0-9]+/g, '-')}-${day}.pubky`)
}

/** Everything of the account into one file. */
export function ExportArchive({ user }: { user: string }) {
  const t = useT()
  const config = useConfig()
  const [isOpen, setOpen] = useState(false)
  const { job, run, stop } = useJob<Amount, Exported>()

  const start = (secret: RootSecret) =>
    run(async (o) => {
      const { exportData } = await import('../../../state/data/export.ts')
      const exported = await exportData(config, user, secret, o)
      save(user, exported.archive)
      setOpen(false)
      return exported
    })

  return (
    <Card title={t('data.export')} text={t('data.exportText')}>
      {job.state === 'running' ? <Running amount={job.progress} onStop={stop} /> : null}
      {/* What was entered stays until the export has worked. */}
      <div hidden={job.state === 'running'}>
        {isOpen ? (
          <Unlock
            submit={t('data.exportRun')}
            failed={job.state === 'failed' ? job : null}
            onUnlock={start}
            aside={
              <Button look="quiet" onClick={() => setOpen(false)}>
                {t('common.cancel')}
              </Button>
            }
          />
        ) : (
          <>
            {job.state === 'done' ? <Done exported={job.result} /> : null}
            <div className="flex flex-wrap gap-3">
              {job.state === 'done' ? (
                <Button
                  look="brand"
                  icon={<Download size={17} aria-hidden />}
                  onClick={() => save(user, job.result.archive)}
                >
                  {t('data.exportSave')}
                </Button>
              ) : null}
              <Button
                look={job.state === 'done' ? 'quiet' : 'outline'}
                onClick={() => setOpen(true)}
              >
                {t(job.state === 'done' ? 'data.exportAgain' : 'data.exportStart')}
              </Button>
            </div>
          </>
        )}
      </div>
    </Card>
  )
}

function Running({ amount, onStop }: { amount: Amount | null; onStop: () => void }) {
  const t = useT()
  return (
    <div className="grid gap-3">
      <p aria-live="polite" className="text-sm font-medium">
        {amount ? t('data.exportProgress', { ...amount }) : t('data.exportOpening')}
      </p>
      <Meter
        label={t('data.exportName')}
        done={amount?.done ?? 0}
        total={amount ? amount.total : null}
      />
      <p className="text-sm text-mute">{t('data.stay')}</p>
      <Button look="outline" className="justify-self-start" onClick={onStop}>
        {t('data.stop')}
      </Button>
    </div>
  )
}

function Done({ exported: { archive, objects } }: { exported: Exported }) {
  const t = useT()
  const locale = formatLocale(useLocale())
  return (
    <p role="status" className="mb-4 flex items-start gap-3 text-sm text-soft">
      <CircleCheck size={20} aria-hidden className="mt-0.5 shrink-0 text-brand-text" />
      {t('data.exportDone', { count: objects, size: formatBytes(locale, archive.size) })}
    </p>
  )
}
