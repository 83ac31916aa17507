import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'

const repository = dirname(dirname(fileURLToPath(import.meta.url)))

// Workers are scripts below /_next/static; the page's policy does not reach them, so every chunk
// carries the policy a worker gets (design 7). For a script that a page loads it has no effect.
const workerPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

/**
 * V8 then compiles a script as a whole, beside its main thread while the script is still coming.
 * Else it reads most functions twice, and the second time the page stands still.
 */
const COMPILE_AT_ONCE = '//# allFunctionsCalledOnLoad\n'

async function change(folder: string, end: string, edit: (text: string) => string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith(end)) continue
    const file = join(folder, name)
    await writeFile(file, edit(await readFile(file, 'utf8')))
  }
}

/** The page of last resort has styles of its own; with ours, every page would carry them once more. */
function withoutErrorStyles(manifest: string): string {
  const known = /^(globalThis\.__RSC_MANIFEST\[".*?"\] = )(\{.*\})(;?\s*)$/ms
  if (!known.test(manifest)) throw new Error('The manifest of a page is of an unknown form.')
  return manifest.replace(known, (_, start: string, json: string, end: string) => {
    const { entryCSSFiles, ...others } = JSON.parse(json)
    const kept = Object.entries(entryCSSFiles).filter(([name]) => !name.endsWith('/global-error'))
    return start + JSON.stringify({ ...others, entryCSSFiles: Object.fromEntries(kept) }) + end
  })
}

async function afterCompile({ distDir }: { distDir: string }): Promise<void> {
  await change(join(distDir, 'static/chunks'), '.js', (script) => COMPILE_AT_ONCE + script)
  await change(join(distDir, 'server/app'), '_client-reference-manifest.js', withoutErrorStyles)
}

const config: NextConfig = {
  // Several builds side by side, such as a test's and the one that is being served.
  distDir: process.env.WEB_DIST_DIR || '.next',
  // Another build, another service worker.
  env: { WEB_VERSION: Date.now().toString(36) },
  poweredByHeader: false,
  reactStrictMode: true,
  transpilePackages: ['@pubky/protocol', '@pubky/app-specs', '@pubky/sdk'],
  turbopack: { root: repository },
  compiler: { runAfterProductionCompile: afterCompile },
  outputFileTracingRoot: repository,
  // Types are checked by `npm run check`, once for the whole repository.
  typescript: { ignoreBuildErrors: true },
  devIndicators: false,
  // The first paint then waits for nothing but the page itself.
  experimental: { inlineCss: true },
  async headers() {
    return [
      {
        source: '/_next/static/:path*',
        headers: [
          { key: 'Content-Security-Policy', value: workerPolicy },
          { key: 'X-Content-Type-Options', value: 'nosniff' },
        ],
      },
    ]
  },
}

export default config
