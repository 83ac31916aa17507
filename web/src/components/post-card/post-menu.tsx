'use client'

import { Copy, Ellipsis, Link2, Pencil, Trash2, UserMinus, UserPlus, VolumeX } from 'lucide-react'
import { Suspense, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import { useActions } from '../../state/actions.ts'
import { repostOf } from '../../state/outbox/overlay.ts'
import { useViewer } from '../../state/session/viewer.tsx'
import { canEdit, keyOfPost, keyOfUri, type PostView } from '../../state/views.ts'
import { Menu, type MenuItem } from '../../ui/menu.tsx'
import { part } from '../../ui/part.ts'
import { useCompose } from '../composer/compose.tsx'
import { useCopy } from '../use-copy.ts'

const ConfirmDialog = part(() => import('../confirm-dialog.tsx').then((m) => m.ConfirmDialog))

interface PostMenuProps {
  view: PostView
  authorName: string
  /** Whether the viewer follows the author. */
  following: boolean
  /** A post that is still on its way has nothing to be edited yet. */
  sending: boolean
}

/** What else one can do with a post. */
export function PostMenu({ view, authorName, following, sending }: PostMenuProps) {
  const t = useT()
  const copy = useCopy()
  const compose = useCompose()
  const { id: viewer } = useViewer()
  const { follow, mute, remove } = useActions()
  const [deleting, setDeleting] = useState(false)
  const { author, id, content, kind } = view.details
  const own = author === viewer

  function items(): MenuItem[] {
    const icon = { size: 18, 'aria-hidden': true } as const

    const all: MenuItem[] = [
      {
        key: 'link',
        label: t('post.copyLink'),
        icon: <Link2 {...icon} />,
        onSelect: () => copy(`${location.origin}/post/${author}/${id}`),
      },
      {
        key: 'key',
        label: t('post.copyKey'),
        icon: <Copy {...icon} />,
        onSelect: () => copy(`pubky${author}`),
      },
    ]
    if (kind !== 'long' && content)
      all.push({
        key: 'text',
        label: t('post.copyText'),
        icon: <Copy {...icon} />,
        onSelect: () => copy(content),
      })
    if (canEdit(view, viewer) && !sending)
      all.push({
        key: 'edit',
        label: t('post.edit'),
        icon: <Pencil {...icon} />,
        onSelect: () => compose({ mode: 'edit', target: keyOfPost(view) }),
      })
    if (own)
      all.push({
        key: 'delete',
        label: t('post.delete'),
        icon: <Trash2 {...icon} />,
        danger: true,
        onSelect: () => setDeleting(true),
      })
    else
      all.push(
        {
          key: 'follow',
          label: t(following ? 'post.unfollow' : 'post.follow', { name: authorName }),
          icon: following ? <UserMinus {...icon} /> : <UserPlus {...icon} />,
          onSelect: () => follow(author, !following),
        },
        {
          key: 'mute',
          label: t('post.mute', { name: authorName }),
          icon: <VolumeX {...icon} />,
          danger: true,
          onSelect: () => mute(author, true),
        },
      )
    return all
  }

  return (
    <>
      <Menu
        label={t('post.menu')}
        button={<Ellipsis size={20} aria-hidden />}
        items={items}
        className="-my-1 -me-2"
      />
      {deleting ? (
        <Suspense>
          <ConfirmDialog
            title={t('post.deleteTitle')}
            text={t('post.deleteText')}
            confirm={t('post.delete')}
            danger
            onConfirm={() => remove(view, keyOfUri(view.relationships.replied), repostOf(view))}
            onClose={() => setDeleting(false)}
          />
        </Suspense>
      ) : null}
    </>
  )
}
