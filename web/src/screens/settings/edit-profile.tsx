'use client'

import { Plus, X } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import { useActions } from '../../state/actions.ts'
import type { Upload } from '../../state/outbox/actions.ts'
import { useUser } from '../../state/queries/user.ts'
import { errorCode, errorTextKey } from '../../state/session/errors.ts'
import type { UserDetails } from '../../state/views.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { TextArea, TextField } from '../../ui/text-field.tsx'
import { showToast } from '../../ui/toast.tsx'
import { PictureField } from '../onboarding/picture-field.tsx'

const NAME = { min: 3, max: 50 }
const BIO_MAX = 160
const STATUS_MAX = 50
const MOST_LINKS = 5

const lengthOf = (text: string) => [...text.trim()].length

interface LinkDraft {
  id: number
  title: string
  url: string
}

interface Words {
  name: string
  bio: string
  status: string
  links: LinkDraft[]
}

/** Name, picture, words and links; saved like every other change, at once here and then there. */
export function EditProfile({ userId }: { userId: string }) {
  const { user } = useUser(userId)
  if (!user) return <Skeleton className="h-96 rounded-lg" />
  return <Form details={user.details} />
}

function webAddress(text: string): boolean {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null
  return url !== null && ['https:', 'http:', 'mailto:'].includes(url.protocol)
}

function wordsOf({ id, name, bio, status, links }: UserDetails): Words {
  return {
    name: name === id ? '' : name,
    bio: bio ?? '',
    status: status ?? '',
    links: (links ?? []).map((link, at) => ({ ...link, id: at })),
  }
}

function Form({ details }: { details: UserDetails }) {
  const t = useT()
  const router = useRouter()
  const { saveProfile } = useActions()
  // Only what was changed, since the rest may become known, or be confirmed, while somebody writes.
  const [edits, setEdits] = useState<Partial<Words>>({})
  const edit = (words: Partial<Words>) => setEdits((now) => ({ ...now, ...words }))
  const { name, bio, status, links } = { ...wordsOf(details), ...edits }
  const [picture, setPicture] = useState<Upload | null>(null)
  const [busy, setBusy] = useState(false)

  const nameLength = lengthOf(name)
  const nameError =
    nameLength > NAME.max
      ? t('settings.nameTooLong')
      : nameLength < NAME.min
        ? t('settings.nameTooShort')
        : null
  const bioError = lengthOf(bio) > BIO_MAX ? t('settings.tooLong', { max: BIO_MAX }) : null
  const statusError =
    lengthOf(status) > STATUS_MAX ? t('settings.tooLong', { max: STATUS_MAX }) : null
  const kept = links.filter(({ title, url }) => title.trim() || url.trim())
  const badLink = kept.some(({ title, url }) => !title.trim() || !webAddress(url))
  const ready = !nameError && !bioError && !statusError && !badLink && !busy

  async function submit(event: FormEvent) {
    event.preventDefault()
    if (!ready) return
    setBusy(true)
    try {
      await saveProfile({
        name: name.trim(),
        bio: bio.trim() || null,
        status: status.trim() || null,
        links:
          kept.length > 0
            ? kept.map(({ title, url }) => ({ title: title.trim(), url: url.trim() }))
            : null,
        image: details.image,
        picture,
      })
      showToast('good', t('settings.saved'))
      router.push('/profile/posts')
    } catch (error) {
      showToast('bad', t(errorTextKey(errorCode(error))))
      setBusy(false)
    }
  }

  return (
    <form method="dialog" onSubmit={submit} noValidate className="card grid gap-6 p-5 sm:p-7">
      <PictureField userId={details.id} picture={picture} onChange={setPicture} />
      <TextField
        label={t('settings.name')}
        value={name}
        error={nameError}
        dir="auto"
        autoComplete="nickname"
        end={`${nameLength}/${NAME.max}`}
        onChange={(text) => edit({ name: text })}
      />
      <TextField
        label={t('settings.status')}
        value={status}
        error={statusError}
        hint={t('settings.statusHint')}
        dir="auto"
        onChange={(text) => edit({ status: text })}
      />
      <TextArea
        label={t('settings.bio')}
        value={bio}
        error={bioError}
        hint={`${lengthOf(bio)}/${BIO_MAX}`}
        onChange={(text) => edit({ bio: text })}
      />
      <Links
        links={links}
        onChange={(change) =>
          setEdits((now) => ({ ...now, links: change(now.links ?? wordsOf(details).links) }))
        }
      />
      <div className="flex flex-wrap gap-3">
        <Button type="submit" look="brand" size="lg" busy={busy} disabled={!ready}>
          {t(busy ? 'settings.saving' : 'common.save')}
        </Button>
        <Button look="quiet" size="lg" onClick={() => router.back()}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  )
}

function Links({
  links,
  onChange,
}: {
  links: LinkDraft[]
  onChange: (change: (links: LinkDraft[]) => LinkDraft[]) => void
}) {
  const t = useT()
  const change = (id: number, part: Partial<LinkDraft>) =>
    onChange((now) => now.map((link) => (link.id === id ? { ...link, ...part } : link)))
  return (
    <fieldset>
      <legend className="mb-2 text-sm font-semibold">{t('settings.links')}</legend>
      <div className="grid gap-4">
        {links.map((link, at) => (
          <div key={link.id} className="flex items-start gap-2">
            <div className="grid grow gap-2 sm:grid-cols-2">
              <TextField
                hideLabel
                label={t('settings.linkTitle', { number: at + 1 })}
                placeholder={t('settings.linkTitle', { number: at + 1 })}
                value={link.title}
                maxLength={100}
                error={
                  link.url.trim() && !link.title.trim() ? t('settings.linkTitleMissing') : null
                }
                onChange={(title) => change(link.id, { title })}
              />
              <TextField
                hideLabel
                type="url"
                dir="ltr"
                label={t('settings.linkUrl', { number: at + 1 })}
                placeholder="https://"
                value={link.url}
                maxLength={300}
                error={link.url.trim() && !webAddress(link.url) ? t('settings.linkInvalid') : null}
                onChange={(url) => change(link.id, { url })}
              />
            </div>
            <IconButton
              label={t('settings.removeLink', { number: at + 1 })}
              className="mt-1.5"
              onClick={() => onChange((now) => now.filter(({ id }) => id !== link.id))}
            >
              <X size={18} aria-hidden />
            </IconButton>
          </div>
        ))}
      </div>
      {links.length < MOST_LINKS ? (
        <Button
          look="outline"
          size="sm"
          className="mt-3"
          icon={<Plus size={16} aria-hidden />}
          onClick={() =>
            onChange((now) => [
              ...now,
              { id: Math.max(0, ...now.map(({ id }) => id)) + 1, title: '', url: '' },
            ])
          }
        >
          {t('settings.addLink')}
        </Button>
      ) : null}
    </fieldset>
  )
}
