import type { Callbacks, DeepLinkRequest, Keypair, PublicKeyZ32, Signer } from '@pubky/protocol'
import type { Opt } from './dht.ts'
import type { Session } from './types.ts'

/** What an app asks of a key manager. */
export interface AuthRequest {
  /** Comma-joined, such as `/pub/example.org/:rw`; may be empty. */
  capabilities: string
  /** Base of the channels, such as `https://relay.example/inbox`; older relays end in `/link`. */
  relay: string
  /** The app's own key and name: the answer is a grant for this key. Without it, a cookie session. */
  grant?: { client: Signer | Keypair; clientId: string }
  /** Asks for a new account at a homeserver. */
  signUp?: { homeserver: PublicKeyZ32; token?: string }
  /** Addresses that the key manager may open afterwards. */
  callbacks?: Partial<Callbacks>
}

export interface AuthFlowOptions extends Opt {
  /** How long an approval is waited for; ten minutes unless told. */
  timeoutMs?: number
}

/** A request that waits for its approval from the moment it was made. */
export interface AuthFlow {
  /** For a QR code or a link. With the client's key it is all that `resumeAuth` needs; keep it secret. */
  readonly url: string
  /**
   * The session, once a key manager has approved. Rejects with `auth_expired`, `auth_answer_invalid`,
   * `cancelled`, or the refusal of relay or homeserver.
   */
  readonly session: Promise<Session>
  /** Stops waiting; the link is then dead on this side. */
  cancel(): void
}

export interface ApproveOptions extends Opt {
  /** Life time of the grant; 730 days unless told. */
  expSeconds?: number
}

/** A request that has a channel, as opposed to links that ask nothing of a relay. */
export type ChannelRequest = Extract<DeepLinkRequest, { relay: string }>
