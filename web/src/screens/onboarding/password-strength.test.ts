import { describe, expect, it } from 'vitest'
import { passwordStrength } from './password-strength.ts'

describe('the strength of a password', () => {
  it('grows with the kinds of characters and the length', () => {
    expect(passwordStrength('')).toBe('weak')
    expect(passwordStrength('abcdefgh')).toBe('weak')
    expect(passwordStrength('abcdefgH')).toBe('fair')
    expect(passwordStrength('abcdefgH1')).toBe('good')
    expect(passwordStrength('abcdefgH1!')).toBe('strong')
  })

  it('counts letters of every script', () => {
    expect(passwordStrength('пароль-Длинный1')).toBe('strong')
  })
})
