/** PKARR relay of the local network (design 5). */
export const LOCAL_RELAYS: readonly string[] = ['http://localhost:15411']
/** spec/discovery.md 0. */
export const MAINNET_RELAYS: readonly string[] = [
  'https://pkarr.pubky.app',
  'https://pkarr.pubky.org',
]
