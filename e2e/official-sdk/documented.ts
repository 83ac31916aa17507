import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Streams of the runtime that carries the package; nobody calls them. */
const INTERNAL = /^IntoUnderlying/

/** Every name of the package's own documentation, as `walkEverything` notes its use. */
export function documentedNames(): string[] {
  const file = fileURLToPath(import.meta.resolve('@synonymdev/pubky')).replace(
    /index\.\w+$/,
    'pubky.d.ts',
  )
  const names = new Set<string>()
  let inClass = ''
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, opened] = /^export class (\w+)/.exec(line) ?? []
    if (opened !== undefined) inClass = opened
    else if (line === '}') inClass = ''
    const [, free] = /^export function (\w+)\(/.exec(line) ?? []
    if (free !== undefined) names.add(free)
    if (inClass === '' || INTERNAL.test(inClass)) continue
    const [, isStatic, member] = /^ {2}(?:readonly )?(static )?(\w+)[(:]/.exec(line) ?? []
    if (member === undefined || /^ {2}private/.test(line)) continue
    if (member === 'constructor') names.add(`new ${inClass}`)
    else if (member !== 'free') names.add(`${inClass}${isStatic ? '.' : '#'}${member}`)
  }
  return [...names].sort()
}
