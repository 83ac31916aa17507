import { mentionsIn, parseObject } from '@pubky/app-specs'
import type { Micros, StoragePath } from '@pubky/protocol'
import type { ObjectRefs } from './entries.ts'

/**
 * What a body refers to: all that is left of it after compaction (design 3.3). Null when the body
 * is no valid object, for then it never counted.
 */
export function refsOf(
  path: StoragePath,
  body: Uint8Array,
  receivedAtMs: number,
): ObjectRefs | null {
  try {
    const object = parseObject(path, body, (BigInt(receivedAtMs) * 1000n) as Micros)
    switch (object.kind) {
      case 'post': {
        const { parent, embed, kind, content } = object.value
        const mentions = mentionsIn(content)
        return {
          kind,
          ...(parent ? { parent } : {}),
          ...(embed ? { embed: embed.uri } : {}),
          ...(mentions.length > 0 ? { mentions } : {}),
        }
      }
      case 'tag':
        return { kind: 'tag', target: object.value.uri, label: object.value.label }
      case 'bookmark':
        return { kind: 'bookmark', target: object.value.uri }
      case 'follow':
      case 'mute':
        return { kind: object.kind, target: object.target }
      default:
        return { kind: object.kind }
    }
  } catch {
    return null
  }
}
