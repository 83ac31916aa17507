declare const B: unique symbol
type Brand<T, N extends string> = T & { readonly [B]: N }

/** A public key in canonical z-base-32, 52 characters, checked to be a point of the prime group. */
export type PublicKeyZ32 = Brand<string, 'PublicKeyZ32'>
/** A decoded, canonical storage path: absolute, `/pub/…` or `/priv/…` in practice (spec/homeserver.md 5.1). */
export type StoragePath = Brand<string, 'StoragePath'>
/** The id of a homeserver's event: decimal text of an unsigned 63-bit number. */
export type EventId = Brand<string, 'EventId'>
/** Microseconds since the Unix epoch. */
export type Micros = Brand<bigint, 'Micros'>

export function toMicros(micros: bigint): Micros {
  return micros as Micros
}

let last = 0n

/** The clock in microseconds, strictly increasing within this process. */
export function nowMicros(): Micros {
  const now = BigInt(Date.now()) * 1000n
  last = now > last ? now : last + 1n
  return last as Micros
}
