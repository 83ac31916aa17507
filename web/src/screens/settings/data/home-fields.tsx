'use client'

import { useT } from '../../../i18n/client.tsx'
import { TextField } from '../../../ui/text-field.tsx'

interface HomeFieldProps {
  label: string
  home: string
  onChange: (home: string) => void
}

/** The key of another homeserver. */
export function HomeField({ label, home, onChange }: HomeFieldProps) {
  const t = useT()
  return (
    <TextField
      label={label}
      hint={t('data.moveToHint')}
      value={home}
      dir="ltr"
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      onChange={onChange}
    />
  )
}

export function CodeField({ code, onChange }: { code: string; onChange: (code: string) => void }) {
  const t = useT()
  return (
    <TextField
      label={t('data.moveCode')}
      hint={t('data.moveCodeHint')}
      value={code}
      dir="ltr"
      autoComplete="off"
      onChange={onChange}
    />
  )
}
