'use client'

import { Copy, Ellipsis, ExternalLink, Link2, Pencil, Users, Volume2, VolumeX } from 'lucide-react'
import Link from 'next/link'
import { Shield } from '../../components/post-card/shield.tsx'
import { useCopy } from '../../components/use-copy.ts'
import { UserAvatar } from '../../components/user-avatar.tsx'
import { FollowButton } from '../../components/user-row.tsx'
import { UserText } from '../../components/user-text.tsx'
import { useT } from '../../i18n/client.tsx'
import { useActions } from '../../state/actions.ts'
import { useMuted } from '../../state/queries/user.ts'
import { useViewer } from '../../state/session/viewer.tsx'
import { shortKey, type UserView } from '../../state/views.ts'
import { buttonClass } from '../../ui/button.tsx'
import { Menu, type MenuItem } from '../../ui/menu.tsx'
import { STATUS_PRESETS } from './status.ts'

/** Only addresses that a browser may open from somebody else's word. */
function safeHref(url: string): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : null
  return parsed && ['https:', 'http:', 'mailto:'].includes(parsed.protocol) ? parsed.href : null
}

/** Who it is: picture, name, status, key, words about themselves, and what one can do. */
export function ProfileHeader({ user }: { user: UserView }) {
  const t = useT()
  const copy = useCopy()
  const { id: viewer } = useViewer()
  const muted = useMuted()
  const { id, name, bio, links } = user.details
  const own = id === viewer
  const { following, followed_by: followedBy } = user.relationship
  return (
    <header className="card mb-4 p-5 sm:p-7">
      <div className="flex flex-wrap items-start gap-5">
        <UserAvatar userId={id} size={104} className="ring-4 ring-bg" />
        <div className="min-w-0 grow basis-64">
          <h1 className="text-2xl break-words" dir="auto">
            {name === id ? shortKey(id) : name}
          </h1>
          <div className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-mute">
            <button
              type="button"
              aria-label={`${t('profile.copyKey')}: ${shortKey(id)}`}
              onClick={() => copy(`pubky${id}`)}
              className="key touch inline-flex items-center gap-1.5 rounded-full bg-raised px-3 py-1 hover:text-fg"
            >
              {shortKey(id)}
              <Copy size={13} aria-hidden />
            </button>
            {name === id ? null : <Shield kind="profile" view={user} />}
            <Status text={user.details.status} />
            {!own && followedBy ? (
              <span className="inline-flex items-center gap-1.5">
                <Users size={15} aria-hidden />
                {t(following ? 'profile.friends' : 'profile.followsYou')}
              </span>
            ) : null}
          </div>
          {bio ? (
            <div className="mt-4 text-soft">
              <UserText text={bio} />
            </div>
          ) : null}
          <ProfileLinks links={links} />
        </div>
        <div className="flex gap-2">
          {own ? (
            <Link href="/settings/edit" prefetch={false} className={buttonClass('outline')}>
              <Pencil size={16} aria-hidden />
              {t('profile.edit')}
            </Link>
          ) : (
            <FollowButton userId={id} size="md" />
          )}
          <ProfileMenu user={user} muted={muted.has(id)} own={own} />
        </div>
      </div>
      {muted.has(id) ? (
        <p className="mt-5 rounded-md bg-raised px-4 py-3 text-sm text-mute">
          {t('profile.muted')}
        </p>
      ) : null}
    </header>
  )
}

function Status({ text }: { text: string | null }) {
  const t = useT()
  if (!text || text === 'noStatus') return null
  const preset = Object.hasOwn(STATUS_PRESETS, text) ? STATUS_PRESETS[text] : undefined
  return (
    <span className="text-soft" dir="auto">
      {preset ? `${preset.emoji} ${t(preset.text)}` : text}
    </span>
  )
}

function ProfileLinks({ links }: { links: UserView['details']['links'] }) {
  const t = useT()
  const safe = (links ?? []).flatMap(({ title, url }) => {
    const href = safeHref(url)
    return href ? [{ title, href }] : []
  })
  if (safe.length === 0) return null
  return (
    <ul aria-label={t('profile.links')} className="mt-4 flex flex-wrap gap-x-5 gap-y-1.5 text-sm">
      {safe.map(({ title, href }) => (
        <li key={`${title} ${href}`}>
          <a
            href={href}
            target="_blank"
            rel="noopener noreferrer nofollow"
            className="inline-flex items-center gap-1.5 font-medium text-brand-text hover:underline"
          >
            <ExternalLink size={14} aria-hidden />
            <span dir="auto">{title}</span>
          </a>
        </li>
      ))}
    </ul>
  )
}

function ProfileMenu({ user, muted, own }: { user: UserView; muted: boolean; own: boolean }) {
  const t = useT()
  const copy = useCopy()
  const { mute } = useActions()
  const { id, name } = user.details
  const icon = { size: 18, 'aria-hidden': true } as const
  const items: MenuItem[] = [
    {
      key: 'link',
      label: t('profile.copyLink'),
      icon: <Link2 {...icon} />,
      onSelect: () => copy(`${location.origin}/profile/${id}`),
    },
    {
      key: 'key',
      label: t('profile.copyKey'),
      icon: <Copy {...icon} />,
      onSelect: () => copy(`pubky${id}`),
    },
  ]
  if (!own)
    items.push({
      key: 'mute',
      label: t(muted ? 'profile.unmute' : 'profile.mute', { name }),
      icon: muted ? <Volume2 {...icon} /> : <VolumeX {...icon} />,
      danger: !muted,
      onSelect: () => mute(id, !muted),
    })
  return (
    <Menu
      label={t('profile.more', { name })}
      button={<Ellipsis size={20} aria-hidden />}
      items={() => items}
    />
  )
}
