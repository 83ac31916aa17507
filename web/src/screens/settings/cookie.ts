const YEAR_SECONDS = 365 * 24 * 3600

/** Settings that the server needs for the first paint are cookies; they hold nothing secret. */
export function writeCookie(name: 'theme' | 'text-size' | 'locale', value: string): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the asynchronous API is not everywhere yet.
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`
}
