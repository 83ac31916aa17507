/** What WebDAV tells of a file or folder. */
export interface DavItem {
  /** Path below the server, decoded; folders end in a slash. */
  href: string
  size?: number
  modifiedAt?: Date
  etag?: string
  contentType?: string
}

function text(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

function encoded(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function response(item: DavItem): string {
  const isFolder = item.href.endsWith('/')
  const name = item.href.replace(/\/$/, '').split('/').at(-1) ?? ''
  const properties = [
    `<D:displayname>${text(name)}</D:displayname>`,
    `<D:resourcetype>${isFolder ? '<D:collection/>' : ''}</D:resourcetype>`,
    item.size === undefined ? '' : `<D:getcontentlength>${item.size}</D:getcontentlength>`,
    item.modifiedAt
      ? `<D:getlastmodified>${item.modifiedAt.toUTCString()}</D:getlastmodified>`
      : '',
    item.etag ? `<D:getetag>${text(item.etag)}</D:getetag>` : '',
    item.contentType ? `<D:getcontenttype>${text(item.contentType)}</D:getcontenttype>` : '',
  ]
  return `<D:response><D:href>${text(encoded(item.href))}</D:href><D:propstat><D:prop>${properties.join('')}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`
}

/** The body of a 207 answer to PROPFIND. */
export function multistatus(items: readonly DavItem[]): string {
  return `<?xml version="1.0" encoding="utf-8"?><D:multistatus xmlns:D="DAV:">${items.map(response).join('')}</D:multistatus>`
}
