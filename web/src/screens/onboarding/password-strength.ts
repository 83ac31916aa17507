export type Strength = 'weak' | 'fair' | 'good' | 'strong'

const CHECKS = [/.{8,}/su, /\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{L}\p{N}]/u]

/** Length, lower and upper case, digit, symbol: two or less are weak (spec/web-app.md 5.4). */
export function passwordStrength(password: string): Strength {
  const passed = CHECKS.filter((check) => check.test(password)).length
  if (passed <= 2) return 'weak'
  return passed === 3 ? 'fair' : passed === 4 ? 'good' : 'strong'
}
