import {
  type GrantClaims,
  ProtocolError,
  type PublicKeyZ32,
  parseObjectProof,
  verifyGrantSignature,
} from '@pubky/protocol'

/** A key that has signed in somebody's name. */
export interface SigningKey {
  key: PublicKeyZ32
  /** What its app calls itself; null for the person's own key and where nobody knows. */
  client: string | null
  /** When it signed for the first and for the last time, in its own word. */
  firstMs: number | null
  lastMs: number | null
  /** How many changes it signed. */
  count: number
  /** When the last grant for it ends; null for the own key and where nobody knows. */
  untilMs: number | null
  /** From when on nothing of it counts. */
  revokedAtMs: number | null
}

interface Seen extends SigningKey {
  issuedAt: number
}

/** Gathers the keys behind proofs. What no grant of this owner allows is left out. */
export function keyCollector(owner: PublicKeyZ32) {
  const keys = new Map<PublicKeyZ32, Seen>()
  const grants = new Map<string, GrantClaims | null>()

  async function grantOf(certificate: string, signer: PublicKeyZ32): Promise<GrantClaims | null> {
    const known = grants.get(certificate)
    if (known !== undefined) return known
    const read = await verifyGrantSignature(certificate).catch(ignoreMalformed)
    const grant = read?.iss === owner && read.cnf === signer ? read : null
    grants.set(certificate, grant)
    return grant
  }

  function seen(key: PublicKeyZ32): Seen {
    const known = keys.get(key)
    if (known) return known
    const dates = { firstMs: null, lastMs: null, untilMs: null, revokedAtMs: null }
    const fresh = { key, client: null, count: 0, issuedAt: -1, ...dates }
    keys.set(key, fresh)
    return fresh
  }

  return {
    async add(bytes: Uint8Array): Promise<void> {
      const proof = parse(bytes)
      if (!proof) return
      const { signer, certificate } = proof
      const grant = certificate === null ? null : await grantOf(certificate, signer)
      if (grant === null && signer !== owner) return
      const atMs = Number(proof.timestamp / 1000n)
      const entry = seen(signer)
      entry.count += 1
      entry.firstMs = Math.min(entry.firstMs ?? atMs, atMs)
      entry.lastMs = Math.max(entry.lastMs ?? atMs, atMs)
      if (!grant) return
      entry.untilMs = Math.max(entry.untilMs ?? 0, grant.exp * 1000)
      // A key may have had several; the newest says what its app is called now.
      if (grant.iat <= entry.issuedAt) return
      entry.issuedAt = grant.iat
      entry.client = grant.client_id
    },
    revoke(key: PublicKeyZ32, atMs: number): void {
      seen(key).revokedAtMs = atMs
    },
    /** Those that hold first, and among them the last used. */
    list(): SigningKey[] {
      const found = [...keys.values()].map(({ issuedAt: _, ...key }) => key)
      return found.sort(
        (a, b) =>
          Number(a.revokedAtMs !== null) - Number(b.revokedAtMs !== null) ||
          (b.lastMs ?? 0) - (a.lastMs ?? 0),
      )
    },
  }
}

function ignoreMalformed(error: unknown): null {
  if (error instanceof ProtocolError) return null
  throw error
}

function parse(bytes: Uint8Array) {
  try {
    return parseObjectProof(bytes)
  } catch (error) {
    return ignoreMalformed(error)
  }
}
