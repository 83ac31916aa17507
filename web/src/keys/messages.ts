import type { PublicKeyZ32 } from '@pubky/protocol/brands'

/** What the page may ask the worker for; secrets stay behind it except where a backup shows them. */
export interface KeyOperations {
  /** Makes a root key with its phrase, kept encrypted until `dropRoot`. */
  createRoot(): Promise<{ user: PublicKeyZ32 }>
  /** Opens a recovery file; the key stays in the worker's memory until `finishRoot`. */
  openFile(file: Uint8Array, password: string): Promise<{ user: PublicKeyZ32 }>
  openPhrase(phrase: string): Promise<{ user: PublicKeyZ32 }>
  /** Words that the list of recovery phrases does not have. */
  unknownWords(words: readonly string[]): Promise<string[]>
  /** Makes a client key that cannot leave, and a grant for it signed by the root key. */
  issueGrant(
    user: PublicKeyZ32,
    o: { clientId: string; capabilities: string; nowSeconds: number; lifeSeconds: number },
  ): Promise<{ client: PublicKeyZ32; grant: string }>
  /** Only between creating or opening the root key and `finishRoot`. */
  rootSign(user: PublicKeyZ32, message: Uint8Array): Promise<Uint8Array>
  /** Ends the work of the root key: it signs nothing more, whoever asks. */
  finishRoot(user: PublicKeyZ32): Promise<void>
  hasRoot(user: PublicKeyZ32): Promise<boolean>
  /** The phrase to be written down, null when the key has none. */
  phrase(user: PublicKeyZ32): Promise<string | null>
  recoveryFile(user: PublicKeyZ32, password: string): Promise<Uint8Array>
  /** The backup is confirmed: the root key leaves this browser. */
  dropRoot(user: PublicKeyZ32): Promise<void>
  clientKey(user: PublicKeyZ32): Promise<PublicKeyZ32 | null>
  /** Refused once another client key has taken the place of this one: its grant would not fit. */
  clientSign(user: PublicKeyZ32, client: PublicKeyZ32, message: Uint8Array): Promise<Uint8Array>
  /** Removes everything about a person from this browser. */
  forget(user: PublicKeyZ32): Promise<void>
}

export type OperationName = keyof KeyOperations

export interface KeyRequest {
  id: number
  operation: OperationName
  args: readonly unknown[]
}

export type KeyAnswer =
  | { id: number; ok: true; value: unknown }
  | { id: number; ok: false; code: KeyErrorCode }

export const KEY_ERRORS = [
  'no_key',
  'other_key',
  'wrong_password',
  'invalid_file',
  'invalid_phrase',
  'storage',
  'failed',
] as const
export type KeyErrorCode = (typeof KEY_ERRORS)[number]

export class KeyError extends Error {
  override readonly name = 'KeyError'
  readonly code: KeyErrorCode

  constructor(code: KeyErrorCode, cause?: unknown) {
    super(`keys: ${code}`, { cause })
    this.code = code
  }
}
