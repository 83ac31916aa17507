'use client'

import { useQueryClient } from '@tanstack/react-query'
import { ChevronsUpDown, Plus } from 'lucide-react'
import { useT } from '../../i18n/client.tsx'
import { useUser } from '../../state/queries/user.ts'
import { userKey } from '../../state/queries/user-key.ts'
import { switchAccount, useOthers } from '../../state/session/switch-account.ts'
import { shortKey, type UserView } from '../../state/views.ts'
import { Menu } from '../../ui/menu.tsx'
import { UserAvatar } from '../user-avatar.tsx'

/** Switches between the accounts of this browser, once they are known; absent while there is only one. */
export function AccountMenu({ viewer, expected }: { viewer: string | null; expected: number }) {
  const t = useT()
  const client = useQueryClient()
  const known = useOthers(viewer)
  const others = known ?? []
  if ((known?.length ?? expected) === 0) return null
  return (
    <>
      {others.map(({ user }) => (
        <Known key={user} user={user} />
      ))}
      <Menu
        hanging
        label={t('common.switchAccount')}
        button={<ChevronsUpDown size={18} aria-hidden />}
        className="-ms-2 -me-2"
        items={() => [
          ...others.map(({ user }) => ({
            key: user,
            label: client.getQueryData<UserView>(userKey(user))?.details.name ?? shortKey(user),
            icon: <UserAvatar userId={user} size={24} className="block" />,
            onSelect: () => void switchAccount(user),
          })),
          {
            key: 'add',
            label: t('common.addAccount'),
            icon: <Plus size={18} aria-hidden />,
            onSelect: () => location.assign('/sign-in'),
          },
        ]}
      />
    </>
  )
}

/** Loads the name before the menu opens. */
function Known({ user }: { user: string }) {
  useUser(user)
  return null
}
