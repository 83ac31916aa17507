/** Addresses that the server hands to the page when it starts; never fixed at build time. */
export interface RuntimeConfig {
  network: 'local' | 'mainnet'
  /** PKARR relays, without a trailing slash. */
  relays: readonly string[]
  /** Origin of the indexer. */
  nexus: string
  /** Public key of the homeserver that new accounts are made on; null: the person names one. */
  homeserver: string | null
  /** Whether that homeserver asks for a sign-up code. */
  signupCode: boolean
  /** Name of this app in grants. */
  clientId: string
}
