import type { MessageKey } from '../../i18n/types.ts'

/** Words that are stored for common states, with their sign (spec/web-app.md 13). */
export const STATUS_PRESETS: Readonly<Record<string, { emoji: string; text: MessageKey }>> = {
  available: { emoji: '👋', text: 'profile.available' },
  away: { emoji: '🕓', text: 'profile.away' },
  vacationing: { emoji: '🌴', text: 'profile.vacationing' },
  working: { emoji: '👨‍💻', text: 'profile.working' },
  traveling: { emoji: '✈️', text: 'profile.traveling' },
  celebrating: { emoji: '🥂', text: 'profile.celebrating' },
  sick: { emoji: '🤒', text: 'profile.sick' },
  noStatus: { emoji: '💭', text: 'profile.noStatus' },
}
