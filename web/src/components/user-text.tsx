import Link from 'next/link'
import { Fragment, useMemo } from 'react'
import { useUser } from '../state/queries/user.ts'
import { shortKey } from '../state/views.ts'
import { type Block, type Inline, parseUserText } from './user-text-parser.ts'

function Mention({ user }: { user: string }) {
  const { user: view } = useUser(user)
  return (
    <Link href={`/profile/${user}`} prefetch={false} className="font-medium">
      @{view?.details.name ?? shortKey(user)}
    </Link>
  )
}

function InlineNode({ node }: { node: Inline }) {
  switch (node.type) {
    case 'text':
      return node.text
    case 'code':
      return <code>{node.text}</code>
    case 'mention':
      return <Mention user={node.user} />
    case 'tag':
      return (
        <Link href={`/search?tags=${encodeURIComponent(node.label)}`} prefetch={false}>
          {node.text}
        </Link>
      )
    case 'link':
      return (
        <a href={node.href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
          {node.text}
        </a>
      )
    case 'strong':
      return (
        <strong>
          <Inlines nodes={node.children} />
        </strong>
      )
    case 'em':
      return (
        <em>
          <Inlines nodes={node.children} />
        </em>
      )
    case 'del':
      return (
        <del>
          <Inlines nodes={node.children} />
        </del>
      )
  }
}

function Inlines({ nodes }: { nodes: readonly Inline[] }) {
  // Parsed anew from the same text each time, so that the place is the identity.
  // biome-ignore lint/suspicious/noArrayIndexKey: see above.
  return nodes.map((node, at) => <InlineNode key={at} node={node} />)
}

function BlockNode({ block }: { block: Block }) {
  switch (block.type) {
    case 'paragraph':
      return (
        <p>
          <Inlines nodes={block.children} />
        </p>
      )
    case 'heading': {
      const Tag = `h${block.level}` as const
      return (
        <Tag>
          <Inlines nodes={block.children} />
        </Tag>
      )
    }
    case 'quote':
      return (
        <blockquote>
          <Blocks blocks={block.children} />
        </blockquote>
      )
    case 'list': {
      const Tag = block.ordered ? 'ol' : 'ul'
      return (
        <Tag>
          {block.items.map((item, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity.
            <li key={at}>
              <Inlines nodes={item} />
            </li>
          ))}
        </Tag>
      )
    }
    case 'code':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide block is scrolled by keyboard.
        <pre tabIndex={0} dir="ltr">
          <code>{block.text}</code>
        </pre>
      )
    case 'rule':
      return <hr />
  }
}

function Blocks({ blocks }: { blocks: readonly Block[] }) {
  return blocks.map((block, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity.
    <Fragment key={at}>
      <BlockNode block={block} />
    </Fragment>
  ))
}

/** The one renderer of what people write (spec/web-app.md 9). `headings` for articles. */
export function UserText({ text, headings = false }: { text: string; headings?: boolean }) {
  const blocks = useMemo(() => parseUserText(text, { headings }), [text, headings])
  return (
    <div className="prose-post" dir="auto">
      <Blocks blocks={blocks} />
    </div>
  )
}
