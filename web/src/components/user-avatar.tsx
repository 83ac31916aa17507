'use client'

import { useUser } from '../state/queries/user.ts'
import { useConfig } from '../state/services.ts'
import { fileAddress } from '../state/views.ts'
import { Avatar } from '../ui/avatar.tsx'

interface UserAvatarProps {
  userId: string
  size?: number
  className?: string
}

/** The picture of a person, or the face of their key. Decorative. */
export function UserAvatar({ userId, size = 40, className }: UserAvatarProps) {
  const { nexus } = useConfig()
  const { user } = useUser(userId)
  const image = user?.details.image
  const src = image ? fileAddress(nexus, image, 'small') : null
  return <Avatar userId={userId} src={src} size={size} {...(className ? { className } : {})} />
}
