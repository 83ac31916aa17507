'use client'

import {
  Clock,
  FileText,
  Flame,
  Globe,
  HeartHandshake,
  Image,
  Layers,
  Link2,
  Newspaper,
  Paperclip,
  Users,
  Video,
} from 'lucide-react'
import { useT } from '../../i18n/client.tsx'
import { useViewer } from '../../state/session/viewer.tsx'
import { Choices } from '../../ui/segmented.tsx'
import type { Filter } from './filter.ts'

interface FilterProps {
  filter: Filter
  onChange: (part: Partial<Filter>) => void
  row?: boolean
}

const ICON = { size: 18, 'aria-hidden': true } as const

export function ReachFilter({ filter, onChange, row = false }: FilterProps) {
  const t = useT()
  const guest = useViewer().id === null
  const closed = guest ? { disabled: true, hint: t('feed.reachGuest') } : {}
  const icon = (node: React.ReactNode) => (row ? {} : { icon: node })
  return (
    <Choices
      label={t('feed.reach')}
      row={row}
      value={filter.reach}
      onChange={(reach) => onChange({ reach })}
      choices={[
        { value: 'all', label: t('feed.reachAll'), ...icon(<Globe {...ICON} />) },
        {
          value: 'following',
          label: t('feed.reachFollowing'),
          ...closed,
          ...icon(<Users {...ICON} />),
        },
        {
          value: 'friends',
          label: t('feed.reachFriends'),
          ...closed,
          ...icon(<HeartHandshake {...ICON} />),
        },
      ]}
    />
  )
}

export function SortFilter({ filter, onChange }: FilterProps) {
  const t = useT()
  return (
    <Choices
      label={t('feed.sort')}
      value={filter.sort}
      onChange={(sort) => onChange({ sort })}
      choices={[
        { value: 'timeline', label: t('feed.sortTimeline'), icon: <Clock {...ICON} /> },
        { value: 'total_engagement', label: t('feed.sortPopular'), icon: <Flame {...ICON} /> },
      ]}
    />
  )
}

export function ContentFilter({ filter, onChange }: FilterProps) {
  const t = useT()
  return (
    <Choices
      label={t('feed.content')}
      value={filter.kind}
      onChange={(kind) => onChange({ kind })}
      choices={[
        { value: 'all', label: t('feed.kindAll'), icon: <Layers {...ICON} /> },
        { value: 'short', label: t('feed.kindShort'), icon: <FileText {...ICON} /> },
        { value: 'long', label: t('feed.kindLong'), icon: <Newspaper {...ICON} /> },
        { value: 'image', label: t('feed.kindImage'), icon: <Image {...ICON} /> },
        { value: 'video', label: t('feed.kindVideo'), icon: <Video {...ICON} /> },
        { value: 'link', label: t('feed.kindLink'), icon: <Link2 {...ICON} /> },
        { value: 'file', label: t('feed.kindFile'), icon: <Paperclip {...ICON} /> },
      ]}
    />
  )
}
