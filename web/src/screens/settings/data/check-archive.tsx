'use client'

import type { ArchiveReport } from '@pubky/sdk/archive-source'
import { FileCheck2, ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { useLocale, useT } from '../../../i18n/client.tsx'
import { formatLocale } from '../../../i18n/types.ts'
import { errorTextKey } from '../../../state/session/errors.ts'
import { shortKey } from '../../../state/views.ts'
import { Spinner } from '../../../ui/spinner.tsx'
import { FileField } from '../../sign-in/file-field.tsx'
import { Card, Fact, Refusal } from './card.tsx'
import { formatBytes } from './format-bytes.ts'
import { useJob } from './use-job.ts'

/** Whether a file is a whole archive that nobody changed. */
export function CheckArchive({ user }: { user: string }) {
  const t = useT()
  const [file, setFile] = useState<File | null>(null)
  const { job, run, stop } = useJob<never, ArchiveReport>()

  function choose(next: File | null) {
    setFile(next)
    stop()
    if (!next) return
    void run(async () => {
      const { checkArchive } = await import('../../../state/data/export.ts')
      return checkArchive(next)
    })
  }

  return (
    <Card title={t('data.check')} text={t('data.checkText')}>
      <div className="grid gap-4">
        <FileField
          icon={FileCheck2}
          label={t('data.checkFile')}
          choose={t('data.checkChoose')}
          hint={t('data.checkHint')}
          file={file}
          onChange={choose}
        />
        {job.state === 'running' ? (
          <p role="status" className="flex items-center gap-3 text-sm">
            <Spinner />
            {t('data.checking')}
          </p>
        ) : null}
        {job.state === 'failed' ? (
          <Refusal>
            {t('data.checkBad')} {t(errorTextKey(job.code))}
            {job.detail ? <code className="mt-1 block text-xs break-all">{job.detail}</code> : null}
          </Refusal>
        ) : null}
        {job.state === 'done' ? <Verdict report={job.result} user={user} /> : null}
      </div>
    </Card>
  )
}

function Verdict({ report, user }: { report: ArchiveReport; user: string }) {
  const t = useT()
  const locale = formatLocale(useLocale())
  const number = new Intl.NumberFormat(locale)
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <div role="status" className="rounded-md bg-brand-veil p-4 text-sm">
      <p className="mb-2 flex items-start gap-3 font-semibold">
        <ShieldCheck size={20} aria-hidden className="shrink-0 text-brand-text" />
        {t('data.checkGood')}
      </p>
      <dl>
        <Fact name={t('data.checkOwner')}>
          {report.owner === user ? t('data.checkYours') : shortKey(report.owner)}
        </Fact>
        {report.asOf > 0 ? (
          <Fact name={t('data.checkAsOf')}>{date.format(report.asOf)}</Fact>
        ) : null}
        <Fact name={t('data.checkFiles')}>{number.format(report.objects)}</Fact>
        <Fact name={t('data.checkSize')}>{formatBytes(locale, report.bytes)}</Fact>
        <Fact name={t('data.checkSigned')}>{number.format(report.signed)}</Fact>
      </dl>
    </div>
  )
}
