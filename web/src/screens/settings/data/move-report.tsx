'use client'

import { CircleCheck } from 'lucide-react'
import { useT } from '../../../i18n/client.tsx'
import type { Moved } from '../../../state/data/arrive.ts'
import { buttonClass } from '../../../ui/button.tsx'

const GUARANTEES = {
  frozen: 'data.movedFrozen',
  followed: 'data.movedFollowed',
  archive: 'data.movedArchive',
  mirror: 'data.movedMirror',
} as const

/** What a move did and which guarantee held, in plain words. */
export function MoveReport({ moved: { report, signedIn } }: { moved: Moved }) {
  const t = useT()
  const { guarantee, copied, same, problems, oldHomeTold } = report
  const lines = [
    t(GUARANTEES[guarantee]),
    t('data.movedCopied', { count: copied }),
    ...(same > 0 ? [t('data.movedSame', { count: same })] : []),
    ...(guarantee !== 'frozen' ? [] : [t(oldHomeTold ? 'data.movedTold' : 'data.movedNotTold')]),
    t(signedIn ? 'data.movedSignedIn' : 'data.movedSignIn'),
  ]
  return (
    <div role="status" className="text-sm">
      <p className="mb-3 flex items-start gap-3 text-base font-semibold">
        <CircleCheck size={22} aria-hidden className="mt-0.5 shrink-0 text-brand-text" />
        {t('data.moved')}
      </p>
      <ul className="grid list-disc gap-1.5 ps-5 text-soft">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {problems.length > 0 ? (
        <>
          <p className="mt-3 font-medium">{t('data.movedProblems', { count: problems.length })}</p>
          <ul className="mt-1 grid gap-1">
            {problems.map(({ path }) => (
              <li key={path}>
                <code className="text-xs break-all">{path}</code>
              </li>
            ))}
          </ul>
        </>
      ) : null}
      {signedIn ? null : (
        <a href="/sign-in" className={`${buttonClass('brand')} mt-4`}>
          {t('data.signIn')}
        </a>
      )}
    </div>
  )
}
