import {
  blake3Sync,
  decodePath,
  decodeProofHeader,
  equalBytes,
  fromUtf8,
  homeserverRecords,
  type Keypair,
  keypairFromSeed,
  type Micros,
  PROOF_HEADER,
  type PublicKeyZ32,
  packetFromRelayPayload,
  packetToRelayPayload,
  parsePublicKey,
  type StoragePath,
  signerFromKeypair,
  signPacket,
  toBase64,
  toMicros,
  userRecords,
  verifyObjectProof,
} from '@pubky/protocol'

const FRESH_MICROS = 180_000_000n

export interface ModelEvent {
  type: 'PUT' | 'DEL'
  owner: PublicKeyZ32
  path: StoragePath
  /** What was stored, as text; null for a deletion. */
  text: string | null
}

interface Stored {
  body: Uint8Array | null
  proof: Uint8Array | null
}

/**
 * A relay and a homeserver in memory that keep the rules of the design's section 6, behind a `fetch`.
 * Sessions are given to whoever asks: what a test is about is what is stored.
 */
export function createModelHomeserver(o: { now: () => Micros; signatures?: boolean }) {
  const keypair: Keypair = keypairFromSeed(new Uint8Array(32))
  const packets = new Map<string, Uint8Array>()
  const stored = new Map<string, Stored>()
  const highest = new Map<string, bigint>()
  const events: ModelEvent[] = []
  const requests: { method: string; url: URL; headers: Headers }[] = []
  const bearers = new Map<string, { user: string; expiresAt: number }>()
  let minted = 0
  const state = { bearerSeconds: 3600, hasDate: true, features: ['path-addressed-storage'] }
  if (o.signatures !== false) state.features.push('object-signatures')

  const nowSeconds = () => Number(o.now() / 1_000_000n)

  async function handle(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const request = new Request(input, init)
    const url = new URL(request.url)
    // Fetch takes `cookie` and some others away from headers that it is given.
    const headers = new Headers(init.headers)
    requests.push({ method: request.method, url, headers })
    const body = new Uint8Array(await request.arrayBuffer())
    if (url.port === '15411') return relay(request.method, url, headers, body)
    if (url.pathname === '/info') {
      const date = new Date(nowSeconds() * 1000).toUTCString()
      return Response.json({ features: state.features }, { headers: state.hasDate ? { date } : {} })
    }
    if (url.pathname === '/auth/grant/session') return grantSession(request.method, headers, body)
    if (url.pathname === '/auth/grant/signup') return new Response(null, { status: 204 })
    return storage(request.method, url, headers, body)
  }

  async function relay(
    method: string,
    url: URL,
    headers: Headers,
    body: Uint8Array,
  ): Promise<Response> {
    const key = parsePublicKey(url.pathname.slice(1))
    const known = packets.get(key)
    if (method === 'GET') {
      if (!known) return new Response(null, { status: 404 })
      return new Response(known as Uint8Array<ArrayBuffer>)
    }
    const packet = await packetFromRelayPayload(key, body)
    const old = known ? await packetFromRelayPayload(key, known) : null
    if (old && old.timestamp > packet.timestamp) return new Response(null, { status: 409 })
    const cas = headers.get('if-match')
    if (old && cas !== null && cas !== String(old.timestamp))
      return new Response(null, { status: 412 })
    packets.set(key, body)
    return new Response(null, { status: 204 })
  }

  function grantSession(method: string, headers: Headers, body: Uint8Array): Response {
    if (method === 'DELETE') {
      bearers.delete(headers.get('authorization') ?? '')
      return new Response('')
    }
    const { grant } = JSON.parse(fromUtf8(body)) as { grant: string }
    const claims = JSON.parse(
      atob((grant.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')),
    )
    minted += 1
    const token = String(minted).padStart(43, 'A')
    const expiresAt = nowSeconds() + state.bearerSeconds
    // One live bearer per grant (spec/homeserver.md 2.8).
    for (const [bearer, { user }] of bearers) if (user === claims.iss) bearers.delete(bearer)
    bearers.set(`Bearer ${token}`, { user: claims.iss, expiresAt })
    return Response.json({ token, session: { pubky: claims.iss, token_expires_at: expiresAt } })
  }

  async function storage(
    method: string,
    url: URL,
    headers: Headers,
    body: Uint8Array,
  ): Promise<Response> {
    const tenant = headers.get('pubky-host')
    const target = tenant ? `/storage/${tenant}${url.pathname}` : url.pathname
    const owner = parsePublicKey(target.split('/')[2] ?? '')
    const path = decodePath(target.slice('/storage/'.length + owner.length))
    const key = owner + path
    const current = stored.get(key) ?? { body: null, proof: null }
    const proofHeaders: Record<string, string> = current.proof
      ? {
          [PROOF_HEADER]: toBase64(current.proof)
            .replaceAll('+', '-')
            .replaceAll('/', '_')
            .replace(/=+$/, ''),
        }
      : {}
    if (method === 'GET' || method === 'HEAD') {
      if (!current.body) return new Response('Not Found', { status: 404, headers: proofHeaders })
      return new Response(method === 'HEAD' ? null : (current.body as Uint8Array<ArrayBuffer>), {
        headers: {
          ...proofHeaders,
          etag: `"${toBase64(blake3Sync(current.body))}"`,
          'content-length': String(current.body.length),
        },
      })
    }
    const session = bearers.get(headers.get('authorization') ?? '')
    if (session?.user !== owner || session.expiresAt <= nowSeconds())
      return refuse(401, 'no_session', 'No authenticated session found')
    return write(method === 'PUT' ? 'PUT' : 'DELETE', { owner, path, key }, headers, body)
  }

  async function write(
    method: 'PUT' | 'DELETE',
    at: { owner: PublicKeyZ32; path: StoragePath; key: string },
    headers: Headers,
    body: Uint8Array,
  ): Promise<Response> {
    const header = headers.get(PROOF_HEADER)
    const proof = header === null ? null : decodeProofHeader(header)
    const hash = method === 'PUT' ? { hash: blake3Sync(body) } : {}
    const verified = proof && (await verifyObjectProof(proof, { ...at, action: method, ...hash }))
    // Nothing is awaited from here on, so that of two copies of a request one sees the other.
    const current = stored.get(at.key) ?? { body: null, proof: null }
    if (proof && verified) {
      const { timestamp } = verified
      if (current.proof && equalBytes(current.proof, proof))
        return new Response(null, { status: method === 'PUT' ? 201 : 204 })
      const top = highest.get(at.key) ?? 0n
      if (timestamp <= top)
        return refuse(409, 'signature_not_newer', JSON.stringify({ timestamp: Number(top) }))
      const age = o.now() - timestamp
      if (age > FRESH_MICROS || -age > FRESH_MICROS)
        return refuse(403, 'signature_not_fresh', JSON.stringify({ server_time: Number(o.now()) }))
    }
    if (method === 'PUT' && headers.get('if-none-match') === '*' && current.body)
      return refuse(412, 'already_exists', 'the file exists')
    if (method === 'DELETE' && !current.body) return refuse(404, 'not_found', 'Not Found')
    if (verified) highest.set(at.key, verified.timestamp)
    stored.set(at.key, { body: method === 'PUT' ? body : null, proof })
    const text = method === 'PUT' ? fromUtf8(body) : null
    events.push({ type: method === 'PUT' ? 'PUT' : 'DEL', owner: at.owner, path: at.path, text })
    return new Response(null, { status: method === 'PUT' ? 201 : 204 })
  }

  return {
    publicKey: keypair.publicKey,
    /** The changes that were made, in order. */
    events,
    requests,
    state,
    fetch: handle as typeof fetch,
    /** Ends every session. */
    endSessions: () => bearers.clear(),
    async publish(): Promise<void> {
      const records = homeserverRecords(keypair.publicKey, {
        publicIp: '127.0.0.1',
        icannDomain: 'localhost',
        httpPort: 6286,
      })
      const packet = await signPacket(signerFromKeypair(keypair), records, toMicros(1n))
      packets.set(keypair.publicKey, packetToRelayPayload(packet))
    },
    /** Makes the server the home of a user, as a sign-up would. */
    async addUser(user: Keypair): Promise<void> {
      const records = userRecords(null, keypair.publicKey)
      const packet = await signPacket(signerFromKeypair(user), records, toMicros(1n))
      packets.set(user.publicKey, packetToRelayPayload(packet))
    },
    /** As another device of the user would write, without a proof. */
    overwrite(owner: PublicKeyZ32, path: StoragePath, body: Uint8Array | null): void {
      stored.set(owner + path, { body, proof: null })
    },
    textAt(owner: PublicKeyZ32, path: StoragePath): string | null {
      const body = stored.get(owner + path)?.body
      return body ? fromUtf8(body) : null
    },
  }
}

export type ModelHomeserver = ReturnType<typeof createModelHomeserver>

function refuse(status: number, code: string, text: string): Response {
  return new Response(text, { status, headers: { 'pubky-error': code } })
}
