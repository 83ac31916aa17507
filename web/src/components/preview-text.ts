/** The beginning of a post as plain text on one line, for previews and notices. */
export function previewText(post: { content: string; kind: string }, most: number): string {
  const text = (post.kind === 'long' ? articleText(post.content) : post.content)
    .replace(/\s+/g, ' ')
    .trim()
  const scalars = [...text]
  return scalars.length <= most
    ? text
    : `${scalars
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`
}

function articleText(content: string): string {
  try {
    const json: unknown = JSON.parse(content)
    if (
      json !== null &&
      typeof json === 'object' &&
      'title' in json &&
      typeof json.title === 'string'
    )
      return json.title
  } catch {
    // Not written as an article.
  }
  return content
}
