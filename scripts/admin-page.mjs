// Bundles the page of the homeserver's operator into dist/homeserver-admin.
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = join(fileURLToPath(import.meta.url), '..', '..')
const page = join(root, 'homeserver/src/admin/page')

export async function bundleAdminPage() {
  await build({
    absWorkingDir: root,
    entryPoints: ['main.ts', 'style.css', 'index.html', 'icon.svg'].map((name) => join(page, name)),
    outdir: join(root, 'dist/homeserver-admin'),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    loader: { '.html': 'copy', '.svg': 'copy' },
    logLevel: 'silent',
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await bundleAdminPage()
