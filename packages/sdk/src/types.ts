import type {
  EventId,
  Keypair,
  Micros,
  PublicKeyZ32,
  SignedPacket,
  Signer,
  StoragePath,
} from '@pubky/protocol'
import type { ApproveOptions, AuthFlow, AuthFlowOptions, AuthRequest } from './auth-types.ts'
import type { Opt } from './dht.ts'
import type { Hosts } from './host.ts'
import type { HttpRequest } from './http.ts'
import type { PkarrClient, ResolvePolicy } from './pkarr/client.ts'

/** What a homeserver says about a file. `proof` is the object proof that lies beside it. */
export interface ObjectMeta {
  /** In bytes. */
  size: number
  type: string
  /** Standard base64 of the BLAKE3 hash, without the quotes; '' when the host hides it. */
  etag: string
  lastModified: Date
  proof: Uint8Array | null
}

export interface ObjectInfo extends ObjectMeta {
  body: ReadableStream<Uint8Array>
}

/** Options of a listing; `cursor` is the last entry of the page before. */
export interface ListOptions extends Opt {
  cursor?: string
  /** Stops after so many entries; everything when absent. */
  limit?: number
  reverse?: boolean
  /** First-level names only, folders with a trailing slash. */
  shallow?: boolean
}

/** Reads of anybody's data. Addresses are `pubky://<key>/pub/…` or `pubky<key>/pub/…`. */
export interface PublicStorage {
  /** Rejects with `not_found` when there is no such file. */
  get(uri: string, o?: Opt): Promise<ObjectInfo>
  head(uri: string, o?: Opt): Promise<ObjectMeta | null>
  /** Yields `pubky://` addresses, page after page; an empty folder yields nothing. */
  list(uri: string, o?: ListOptions): AsyncIterable<string>
}

export interface PutOptions extends Opt {
  /** Signs the object instead of the session's own signer; null leaves it unsigned. */
  signer?: Signer | null
  /** Refuses to replace: `already_exists` when another body is there. */
  create?: boolean
}

/** A change of one object. */
export interface WriteRequest {
  method: 'PUT' | 'DELETE'
  path: StoragePath
  /** Null with DELETE. */
  body: Uint8Array | Blob | null
  /** Refuses to replace another body. */
  create?: boolean
}

/** What was sent and may have arrived. `proof` is null where the host takes none. */
export interface Attempt {
  proof: Uint8Array | null
}

export interface WriteOptions extends Opt {
  signer?: Signer | null
  /** An attempt whose outcome is unknown; nothing is then stored twice. */
  before?: Attempt | null
  /** Called before anything is sent; the request waits until it resolves. */
  onAttempt?: (attempt: Attempt) => Promise<void>
}

/**
 * `stored`: accepted. `same`: what should be there was there. `superseded`: a newer write of the same
 * user has taken the place of an earlier attempt.
 */
export type WriteOutcome = 'stored' | 'same' | 'superseded'

/** Reads and writes as the session's user. A path alone (`/pub/a.txt`) means the user's own. */
export interface SessionStorage extends PublicStorage {
  /**
   * Stores a file. Bodies are re-readable, because a proof needs the hash first. `same`: the bytes
   * were there already.
   */
  put(
    path: string,
    body: Uint8Array | Blob,
    o?: PutOptions,
  ): Promise<{ outcome: 'stored' | 'same' }>
  /** One attempt of an outbox, with the proof of the attempt before: see `writes.ts`. */
  write(write: WriteRequest, o?: WriteOptions): Promise<WriteOutcome>
  /** For bodies that can be read only once; never signed. */
  putStream(path: string, body: ReadableStream<Uint8Array>, o?: Opt): Promise<void>
  /** Rejects with `not_found` when there is no such file. */
  delete(path: string, o?: Opt & { signer?: Signer | null }): Promise<void>
}

/** One line of an event feed. */
export interface HomeEvent {
  type: 'PUT' | 'DEL'
  uri: string
  user: PublicKeyZ32
  path: StoragePath
  cursor: EventId
  hash: Uint8Array | null
  proof: Uint8Array | null
}

/** What to follow: everything public on a host, or up to 50 of its users. */
export interface EventsQuery {
  users?: readonly { user: PublicKeyZ32; cursor?: EventId }[]
  /** Of the whole host's feed: events after this id. */
  cursor?: EventId
  /** Goes on with new events; otherwise ends with the history. */
  live?: boolean
  /** Only with `users`: a trailing slash means the folder and everything below. */
  paths?: readonly string[]
  /** For private paths of the session's own user, alone and at the own homeserver; else it is not sent. */
  session?: Session
}

/** What the homeserver says about a grant session; times in seconds. */
export interface GrantSessionInfo {
  kind: 'grant'
  clientId: string
  grantId: string
  grantExpiresAt: number
}

export interface CookieSessionInfo {
  kind: 'cookie'
}

/** A user's access to the own homeserver. Renews itself; ends with `signOut`. */
export interface Session {
  readonly user: PublicKeyZ32
  readonly homeserver: PublicKeyZ32
  readonly capabilities: readonly string[]
  readonly info: GrantSessionInfo | CookieSessionInfo
  readonly storage: SessionStorage
  /** Sends a request to the homeserver as this user, for what has no method here. */
  fetch(path: string, request?: HttpRequest): Promise<Response>
  /** A bearer good for 300 s at least; rejects with `unauthorized` for a cookie session. */
  bearer(o?: Opt): Promise<string>
  /** The portable secret of this session; throws `not_exportable` when its key cannot leave. */
  export(): string
  /** Ends the session at the homeserver; of a grant session the grant is revoked. */
  signOut(o?: Opt): Promise<void>
}

/** What a key allows to an app: see `Pubky.grant`. */
export interface GrantOptions {
  /** Usually the app's domain. */
  clientId: string
  /** Comma-joined, such as `/pub/pubky.app/:rw`. */
  capabilities: string
  /** Life time; 730 days unless told. */
  expSeconds?: number
  /** When it begins to hold; now unless told. */
  at?: Micros
}

/** An app's own key and what it asks for. */
export interface GrantRequest extends Opt {
  /** A key pair makes a session that can be exported. */
  client: Signer | Keypair
  clientId: string
  capabilities: string
  expSeconds?: number
}

/** What the bytes of an object and their proof say together. */
export interface VerifiedObject {
  /**
   * `stripped`: the owner's policy asks for a proof. `revoked`: by a key that the owner has revoked.
   * `invalid`: the proof does not fit.
   */
  verdict: 'signed' | 'unsigned' | 'stripped' | 'revoked' | 'invalid'
  /** Who signed: the owner or a key the owner granted. */
  signer?: PublicKeyZ32
  /** The signer's word. */
  timestamp?: Micros
  body: Uint8Array
}

/** The client of the Pubky network. Make one with `createPubky`. */
export interface Pubky extends AsyncDisposable {
  readonly pkarr: PkarrClient
  /** Homeservers, for requests that have no method here. */
  readonly hosts: Hosts
  readonly storage: PublicStorage
  /** Null when nobody knows a packet; `unresolvable` when nobody could be asked. */
  resolve(key: PublicKeyZ32, o?: Opt & { policy?: ResolvePolicy }): Promise<SignedPacket | null>
  homeserverOf(
    user: PublicKeyZ32,
    o?: Opt & { policy?: ResolvePolicy },
  ): Promise<PublicKeyZ32 | null>
  /** The HTTP origin that answers for a homeserver's key, such as `http://localhost:6286`. */
  originOf(homeserver: PublicKeyZ32, o?: Opt): Promise<string>
  /** Makes the account and publishes the user's record. A repeated call after a lost answer succeeds. */
  signUp(root: Signer, homeserver: PublicKeyZ32, o?: Opt & { token?: string }): Promise<void>
  /** `signUp`, then a grant session for the app's key. */
  signUpGrant(
    root: Signer,
    o: GrantRequest & { homeserver: PublicKeyZ32; signupToken?: string },
  ): Promise<Session>
  /** Signs a grant and opens its session. */
  signInGrant(root: Signer, o: GrantRequest): Promise<Session>
  /** As `signUp`, with the AuthToken of older servers, and the session that comes with it. */
  signUpCookie(
    root: Signer,
    homeserver: PublicKeyZ32,
    o?: Opt & { token?: string; capabilities?: string },
  ): Promise<Session>
  signInCookie(root: Signer, o?: Opt & { capabilities?: string }): Promise<Session>
  /** Writes `_pubky` into the user's record, keeping what else is there. */
  publishHomeserver(root: Signer, homeserver: PublicKeyZ32, o?: Opt): Promise<void>
  /** Signs a grant for an app's key. Nothing is sent. */
  grant(root: Signer, client: PublicKeyZ32, o: GrantOptions): Promise<string>
  /**
   * Opens a session with a grant, at the homeserver of the user's record unless told. The session signs
   * what it writes with `client`.
   */
  openGrant(
    grant: string,
    client: Signer | Keypair,
    o?: Opt & { homeserver?: PublicKeyZ32 },
  ): Promise<Session>
  /** An app's side of signing in with a key manager: show `url`, wait for `session`. */
  startAuth(request: AuthRequest, o?: AuthFlowOptions): Promise<AuthFlow>
  /** Waits again for the answer to a link; `client` is the key it names, null for cookie sessions. */
  resumeAuth(url: string, client: Signer | Keypair | null, o?: AuthFlowOptions): Promise<AuthFlow>
  /**
   * A key manager's side: does what a link asks. Show the person `parseDeepLink(url)` first. Rejects
   * with `auth_link_invalid`, or `timeout` when no app takes the answer from an older relay.
   */
  approveAuth(root: Signer, url: string, o?: ApproveOptions): Promise<void>
  /** Opens a cookie session with an AuthToken, at the homeserver of the user's record unless told. */
  openToken(token: Uint8Array, o?: Opt & { homeserver?: PublicKeyZ32 }): Promise<Session>
  /** Opens a session from what `Session.export` gave. */
  restore(exported: string, o?: Opt): Promise<Session>
  /** Resumes by itself after every interruption; ends only with `signal` or the history. */
  events(homeserver: PublicKeyZ32, q: EventsQuery, o?: Opt): AsyncIterable<HomeEvent>
  /** Reads an object and judges its proof. */
  verifyObject(uri: string, o?: Opt & { maxBytes?: number }): Promise<VerifiedObject>
}
