'use client'

import { FileLock2, ListOrdered } from 'lucide-react'
import { useT } from '../../i18n/client.tsx'
import type { Translate } from '../../i18n/types.ts'
import type { RootSecret } from '../../state/session/root.ts'
import { Choices } from '../../ui/segmented.tsx'
import { TextField } from '../../ui/text-field.tsx'
import { FileField } from './file-field.tsx'
import { PhraseFields } from './phrase-fields.tsx'

const WORDS = 12
const MOST_FILE_BYTES = 4096

/** What somebody has entered so far to open a key. */
export interface KeyEntry {
  method: 'file' | 'phrase'
  file: File | null
  password: string
  words: readonly string[]
}

export const NO_KEY: KeyEntry = {
  method: 'file',
  file: null,
  password: '',
  words: Array<string>(WORDS).fill(''),
}

export function isEntered({ method, file, password, words }: KeyEntry): boolean {
  return method === 'file' ? file !== null && password !== '' : words.every(Boolean)
}

/** What opens the key, or the text that says why nothing does. */
export async function readEntry(entry: KeyEntry, t: Translate): Promise<RootSecret | string> {
  const { method, file, password, words } = entry
  if (method === 'file') {
    if (!file) return t('signIn.fileNone')
    if (file.size > MOST_FILE_BYTES) return t('errors.invalid_file')
    return { file: new Uint8Array(await file.arrayBuffer()), password }
  }
  const { keys } = await import('../../keys/index.ts')
  const unknown = await keys.unknownWords(words)
  if (unknown.length > 0)
    return t('signIn.unknownWords', { count: unknown.length, words: unknown.join(', ') || '∅' })
  return { phrase: words.join(' ') }
}

interface KeyFieldsProps {
  entry: KeyEntry
  onChange: (change: Partial<KeyEntry>) => void
}

/** Recovery file with password, or phrase. */
export function KeyFields({ entry, onChange }: KeyFieldsProps) {
  const t = useT()
  return (
    <>
      <Choices
        row
        early
        label={t('signIn.method')}
        value={entry.method}
        onChange={(method) => onChange({ method })}
        choices={[
          { value: 'file', label: t('signIn.byFile'), icon: <FileLock2 size={16} aria-hidden /> },
          {
            value: 'phrase',
            label: t('signIn.byPhrase'),
            icon: <ListOrdered size={16} aria-hidden />,
          },
        ]}
      />
      {entry.method === 'file' ? (
        <>
          <FileField
            icon={FileLock2}
            label={t('signIn.file')}
            choose={t('signIn.fileChoose')}
            hint={t('signIn.fileHint')}
            accept=".pkarr,application/octet-stream"
            file={entry.file}
            onChange={(file) => onChange({ file })}
          />
          <TextField
            label={t('signIn.password')}
            type="password"
            autoComplete="current-password"
            value={entry.password}
            onChange={(password) => onChange({ password })}
          />
        </>
      ) : (
        <PhraseFields words={entry.words} onChange={(words) => onChange({ words })} />
      )}
    </>
  )
}
