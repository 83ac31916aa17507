/** Bits of the second word of a DNS header (RFC 1035 4.1.1, RFC 4035 3). */
export const FLAGS = {
  response: 0x8000,
  opcode: 0x7800,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  authenticData: 0x0020,
  checkingDisabled: 0x0010,
  rcode: 0x000f,
} as const

export const RCODES = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** Lives in the OPT record; its low four bits are 0 (RFC 6891). */
  BADVERS: 16,
} as const

/** Why an answer is as it is, for those who ask with EDNS (RFC 8914). */
export const EXTENDED_ERRORS = {
  staleAnswer: 3,
  prohibited: 18,
  staleNxdomain: 19,
  notAuthoritative: 20,
  noReachableAuthority: 22,
} as const

export const CLASS_IN = 1
export const TYPE_OPT = 41
export const TYPE_ANY = 255
/** The private type by which name servers carry ALIAS records. */
export const TYPE_ALIAS = 65_401
