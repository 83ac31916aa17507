export interface Sodium {
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean
}

const NAME = 'sodium-native'

function requireHere() {
  return process.getBuiltinModule('node:module').createRequire(import.meta.url)
}

/** libsodium, where its package is there. Bundlers must not see it: it is native, and optional. */
export function loadSodium(): Sodium | null {
  try {
    return requireHere()(NAME) as Sodium
  } catch {
    return null
  }
}

/** Where a thread finds it; null where the package is absent. */
export function sodiumPath(): string | null {
  return loadSodium() && requireHere().resolve(NAME)
}
