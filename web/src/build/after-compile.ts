import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lateStart } from './late-start.ts'
import { changeManifest } from './page-manifest.ts'

/**
 * V8 then compiles a script as a whole, beside its main thread while the script is still coming.
 * Else it reads most functions twice, and the second time the page stands still.
 */
const COMPILE_AT_ONCE = '//# allFunctionsCalledOnLoad\n'

async function change(folder: string, end: string, edit: (text: string, file: string) => string) {
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith(end)) continue
    const file = join(folder, name)
    await writeFile(file, edit(await readFile(file, 'utf8'), name))
  }
}

/** Where `inline-styles.tsx` wants the styles. */
const STYLES_PLACE = /(["'`])\/\*! the styles of every page \*\/\1/g

/** The one script that pages name, which brings the others later. Named by its content. */
async function writeStart(distDir: string, main: string[], all: string[]): Promise<string> {
  const text = `(${lateStart.toString()})(${JSON.stringify(main)},${JSON.stringify(all)})`
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 13)
  const file = `static/chunks/start-${hash}.js`
  await writeFile(join(distDir, file), text)
  return file
}

/**
 * What a page shows needs no script. So none competes with its first paint: pages name only a small one
 * that waits for the paint. `page-scripts.json` says what each page loads then, for `web-size.mjs`.
 * Styles go into the pages, once.
 */
export async function afterCompile({ distDir }: { distDir: string }): Promise<void> {
  await change(join(distDir, 'static/chunks'), '.js', (script) => COMPILE_AT_ONCE + script)
  const ofPages = new Map<string, string[]>()
  const styles = new Set<string>()
  const end = '_client-reference-manifest.js'
  await change(join(distDir, 'server/app'), end, (text, name) => {
    const { manifest, scripts, ...found } = changeManifest(text)
    for (const one of found.styles) styles.add(one)
    ofPages.set(name.slice(0, -end.length), scripts)
    return manifest
  })
  const inlined = JSON.stringify([...styles].join('\n'))
  let places = 0
  await change(join(distDir, 'server/chunks'), '.js', (text) =>
    text.replace(STYLES_PLACE, () => {
      places += 1
      return inlined
    }),
  )
  if (places === 0 || styles.size === 0) throw new Error('The styles have no place in the build.')
  const buildManifest = join(distDir, 'build-manifest.json')
  const build = JSON.parse(await readFile(buildManifest, 'utf8'))
  const main: string[] = build.rootMainFiles
  const start = await writeStart(distDir, main, [...new Set([...ofPages.values()].flat())])
  await writeFile(buildManifest, JSON.stringify({ ...build, rootMainFiles: [start] }))
  const loaded = [...ofPages].map(([page, scripts]) => [page, [start, ...main, ...scripts]])
  await writeFile(join(distDir, 'page-scripts.json'), JSON.stringify(Object.fromEntries(loaded)))
}
