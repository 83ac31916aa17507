import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'
import { afterCompile } from './src/build/after-compile.ts'

const repository = dirname(dirname(fileURLToPath(import.meta.url)))

// Workers are scripts below /_next/static; the page's policy does not reach them, so every chunk
// carries the policy a worker gets (design 7). For a script that a page loads it has no effect.
const workerPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

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
