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

async function hintScripts({ distDir }: { distDir: string }): Promise<void> {
  const chunks = join(distDir, 'static/chunks')
  for (const name of await readdir(chunks)) {
    if (!name.endsWith('.js')) continue
    const file = join(chunks, name)
    await writeFile(file, COMPILE_AT_ONCE + (await readFile(file, 'utf8')))
  }
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
  compiler: { runAfterProductionCompile: hintScripts },
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
