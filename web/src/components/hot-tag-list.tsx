import Link from 'next/link'
import { useT } from '../i18n/client.tsx'
import type { HotTag } from '../state/views.ts'
import { tagStyle } from '../ui/tag-colour.ts'

/** What is talked about, each tag with its number of posts. */
export function HotTagList({ tags }: { tags: readonly HotTag[] }) {
  const t = useT()
  return (
    <ol className="flex flex-wrap gap-1.5">
      {tags.map(({ label, tagged_count: posts }) => (
        <li key={label} className="max-w-full">
          <Link
            href={`/search?tags=${encodeURIComponent(label)}`}
            prefetch={false}
            style={tagStyle(label)}
            aria-label={t('common.tagPosts', { label, count: posts })}
            className="tag touch inline-flex h-8 max-w-full items-center gap-1.5 rounded-md px-2.5 text-sm font-semibold"
          >
            <span className="truncate" dir="auto">
              {label}
            </span>
            <span className="font-medium tabular-nums opacity-75">{posts}</span>
          </Link>
        </li>
      ))}
    </ol>
  )
}
