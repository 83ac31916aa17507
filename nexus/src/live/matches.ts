import type { Circle } from './audience.ts'
import type { LiveEvent, LiveInput, LogMessage, PostPlace } from './live-event.ts'

const KEY_CHARS = 52

/** The event that a subscription is told of a line of the log; null when it is none of its business. */
export function eventFor(
  message: LogMessage,
  input: LiveInput,
  circle: Circle | null,
): LiveEvent | null {
  switch (message.type) {
    case 'edge':
    case 'changed':
      return null
    case 'reset':
      return message
    case 'notification':
      return message.user === input.viewer ? message : null
    case 'counts': {
      const { key, counts, place } = message
      const isMine = place
        ? shows(key, place, input, circle)
        : key === input.viewer || (input.authors?.has(key) ?? false)
      return isMine ? { type: 'counts', key, counts } : null
    }
    case 'post':
      return shows(message.key, message, input, circle) ? message : null
    default: {
      const { type, key, place } = message
      return shows(key, place, input, circle) ? { type, key } : null
    }
  }
}

function shows(key: string, place: PostPlace, input: LiveInput, circle: Circle | null): boolean {
  const author = key.slice(0, KEY_CHARS)
  if (input.source === 'author') return input.authors?.has(author) ?? false
  if (circle?.muted.has(author)) return false
  switch (input.source) {
    case 'all':
      return true
    case 'following':
      return author === input.viewer || (circle?.following.has(author) ?? false)
    case 'friends':
      return (
        author === input.viewer ||
        ((circle?.following.has(author) && circle.followers.has(author)) ?? false)
      )
    case 'post':
      return input.post !== undefined && [key, place.replyTo, place.repostOf].includes(input.post)
    default:
      return false
  }
}
