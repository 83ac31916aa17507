import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

/** What a browser loads first for an entry, and the files it was made of. */
async function bundle(
  source: string,
): Promise<{ files: string[]; gzipBytes: number; text: string }> {
  const result = await build({
    stdin: { contents: source, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    minify: true,
    splitting: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    outdir: join(import.meta.dirname, 'out'),
  })
  const outputs = Object.entries(result.metafile.outputs)
  const entry = outputs.find(([, output]) => output.entryPoint !== undefined)?.[0] ?? ''
  const reached = new Set<string>()
  const visit = (path: string) => {
    if (reached.has(path)) return
    reached.add(path)
    for (const { path: next, kind } of result.metafile.outputs[path]?.imports ?? [])
      if (kind !== 'dynamic-import') visit(next)
  }
  visit(entry)
  const files = outputs
    .filter(([path]) => reached.has(path))
    .flatMap(([, { inputs }]) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path)
  const text = result.outputFiles
    .filter(({ path }) => [...reached].some((name) => path.endsWith(name.split('/').at(-1) ?? '?')))
    .map((file) => file.text)
    .join('\n')
  return { files, gzipBytes: gzipSync(text).length, text }
}

const has = (files: string[], part: string) => files.some((file) => file.includes(part))

test('the outbox comes alone: no keys, no DNS, no event streams', async () => {
  const { files, gzipBytes } = await bundle("export { createOutbox } from './outbox.ts'")
  for (const part of ['noble', 'dns/', 'eventsource-parser', 'pkarr/', 'events.ts', 'hash-wasm'])
    expect([part, has(files, part)]).toEqual([part, false])
  expect(gzipBytes).toBeLessThan(6_000)
})

test('a session needs no event stream and no DNS', async () => {
  const { files } = await bundle("export { openGrantSession, createHosts } from './session.ts'")
  for (const part of ['eventsource-parser', 'events.ts', 'dns/message.ts', 'dns/writer.ts'])
    expect([part, has(files, part)]).toEqual([part, false])
})

test('the client loads event streams and publishing only when they are used', async () => {
  const { files, gzipBytes } = await bundle("export { createPubky } from './pubky.ts'")
  for (const part of ['eventsource-parser', 'events.ts', 'pkarr/publish.ts', 'cookie-session.ts'])
    expect([part, has(files, part)]).toEqual([part, false])
  expect(gzipBytes).toBeLessThan(60_000)
})

// covers 4.2.10
test('nothing reaches for Node', async () => {
  const { text } = await bundle("export * from './index.ts'")
  expect(text).not.toMatch(/["']node:/)
})
