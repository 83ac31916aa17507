import { readFileSync } from 'node:fs'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

const entry = (name: string) => new URL(`./${name}.ts`, import.meta.url).pathname

/** What a browser loads at once for one module, and what it is made of. */
async function bundle(stdin: string): Promise<{ bytes: number; inputs: string[] }> {
  const result = await build({
    stdin: { contents: stdin, resolveDir: new URL('.', import.meta.url).pathname },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['browser'],
    external: ['hash-wasm'],
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  const [output] = Object.values(result.metafile.outputs)
  const inputs = Object.entries(output?.inputs ?? {})
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path)
  return { bytes: output?.bytes ?? 0, inputs }
}

describe('a page', () => {
  it.each(['brands', 'bytes', 'z32', 'crockford', 'path', 'address', 'capabilities', 'errors'])(
    'that needs only %s loads no cryptography',
    async (name) => {
      const { inputs } = await bundle(`export * from ${JSON.stringify(entry(name))}`)
      expect(inputs.filter((path) => path.includes('node_modules'))).toEqual([])
    },
  )

  it('that takes light names from the package’s entry loads no cryptography either', async () => {
    const names = 'isPublicKeyText, encodePath, formatUri, splitUri, covers, nowMicros'
    const { inputs, bytes } = await bundle(`export { ${names} } from './index.ts'`)
    expect(inputs.filter((path) => path.includes('node_modules'))).toEqual([])
    expect(bytes).toBeLessThan(8000)
  })

  it('never loads anything of Node', async () => {
    const { inputs } = await bundle(`export * from './index.ts'`)
    expect(inputs.filter((path) => path.endsWith('primitives/node.ts'))).toEqual([])
  })

  it('loads WebAssembly only when something is hashed', () => {
    for (const name of ['hash', 'recovery'])
      expect(readFileSync(entry(name), 'utf8')).not.toMatch(/^import (?!type)[^\n]*'hash-wasm'/m)
  })

  // esbuild leaves out the values of such constants in lazily loaded modules that claim to be pure.
  it('gets random bytes even from a bundler that loses constants of modules', () => {
    expect(readFileSync(entry('random'), 'utf8')).not.toMatch(/^(?:export )?(?:const|let|var) /m)
  })
})
