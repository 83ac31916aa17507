import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStack } from '@pubky/stack'

const REPOSITORY = join(import.meta.dirname, '..', '..')

/** Builds what changed, or ends with what the compiler said. */
function build(): void {
  const { status } = spawnSync(process.execPath, ['scripts/build.mjs'], {
    cwd: REPOSITORY,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error('The network could not be built.')
}

/**
 * Starts one network without any content on free ports for the whole run, or uses the one whose web
 * app PUBKY_E2E_URL names. Returns what ends it.
 */
// biome-ignore lint/style/noDefaultExport: Playwright calls the default export.
export default async function startNetwork(): Promise<() => Promise<void>> {
  if (process.env.PUBKY_E2E_URL) return async () => {}
  build()
  const dataDir = await mkdtemp(join(tmpdir(), 'pubky-e2e-'))
  const stack = await startStack({ dataDir, ports: 'free', fsync: false })
  process.env.PUBKY_E2E_URL = stack.urls.web
  process.env.PUBKY_E2E_RELAY = stack.urls.relay
  process.env.PUBKY_E2E_HOMESERVER_URL = stack.urls.homeserver
  process.env.PUBKY_E2E_ADMIN_URL = stack.urls.admin
  process.env.PUBKY_E2E_RELAY_URL = stack.urls.relay
  process.env.PUBKY_E2E_DOH_URL = stack.urls.doh
  return async () => {
    await stack.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}
