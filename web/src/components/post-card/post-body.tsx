'use client'

import Link from 'next/link'
import { useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import type { PostView } from '../../state/views.ts'
import { UserText } from '../user-text.tsx'
import { cutText } from '../user-text-parser.ts'
import { Attachments } from './attachments.tsx'

const CUT_AT = 500
const TEASER = 280

function readArticle(content: string): { title: string; body: string } | null {
  try {
    const json: unknown = JSON.parse(content)
    if (typeof json !== 'object' || json === null || !('title' in json) || !('body' in json))
      return null
    const { title, body } = json
    return typeof title === 'string' && typeof body === 'string' ? { title, body } : null
  } catch {
    return null
  }
}

interface PostBodyProps {
  view: PostView
  full?: boolean | undefined
  href: string
}

/** Text and attachments; articles show title and first lines until opened. */
export function PostBody({ view, full, href }: PostBodyProps) {
  const t = useT()
  const { content, kind, attachments } = view.details
  const article = kind === 'long' ? readArticle(content) : null
  const files = attachments ?? []
  if (!article)
    return (
      <>
        {content ? <PlainText text={content} full={full} /> : null}
        <Attachments uris={files} />
      </>
    )
  const teaser = full ? null : cutText(article.body, TEASER)
  return (
    <>
      <Attachments uris={files.slice(0, 1)} />
      <p className="mt-4 text-xs font-semibold text-brand-text">{t('post.article')}</p>
      <h2 className="mt-1 text-xl" dir="auto">
        {full ? (
          article.title
        ) : (
          <Link href={href} prefetch={false} className="hover:underline">
            {article.title}
          </Link>
        )}
      </h2>
      <div className="mt-2 text-soft">
        <UserText text={teaser ?? article.body} headings />
      </div>
    </>
  )
}

function PlainText({ text, full }: { text: string; full?: boolean | undefined }) {
  const t = useT()
  const [open, setOpen] = useState(false)
  const cut = full || open ? null : cutText(text, CUT_AT)
  return (
    <>
      <UserText text={cut ?? text} />
      {cut ? (
        <button
          type="button"
          className="touch mt-2 text-sm font-semibold text-brand-text hover:underline"
          onClick={() => setOpen(true)}
        >
          {t('common.showMore')}
        </button>
      ) : null}
    </>
  )
}
