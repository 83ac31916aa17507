'use client'

import { TriangleAlert } from 'lucide-react'
import { useT } from '../../src/i18n/client.tsx'
import { Button } from '../../src/ui/button.tsx'
import { ErrorState } from '../../src/ui/states.tsx'

export default function PageError({ reset }: { error: Error; reset: () => void }) {
  const t = useT()
  return (
    <main className="mx-auto max-w-2xl pt-10">
      <ErrorState
        icon={<TriangleAlert size={28} aria-hidden />}
        title={t('common.errorTitle')}
        action={
          <>
            <Button look="brand" onClick={reset}>
              {t('common.retry')}
            </Button>
            <Button look="outline" onClick={() => location.reload()}>
              {t('common.reload')}
            </Button>
          </>
        }
      >
        {t('common.errorText')}
      </ErrorState>
    </main>
  )
}
