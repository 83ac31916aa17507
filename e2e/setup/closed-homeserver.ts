import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startHomeserver } from '@pubky/homeserver'
import { randomBytes, toHex } from '@pubky/protocol'
import { ensureDatabase, migrate, startEmbeddedPostgres, Teardown } from '@pubky/server-kit'

const ADMIN_PASSWORD = 'only for this story'
const MIGRATIONS = join(import.meta.dirname, '../../prisma/homeserver/migrations')

export interface ClosedHomeserver extends AsyncDisposable {
  /** Public key in z-base-32. */
  readonly key: string
  /** Origin. */
  readonly url: string
  /** A new sign-up code, as its operator gives it away. */
  code(): Promise<string>
}

/** A second homeserver of the same network, which takes nobody without a code. */
export async function startClosedHomeserver(relay: string): Promise<ClosedHomeserver> {
  process.env.LOG_LEVEL ??= 'silent'
  const teardown = new Teardown()
  const dir = await mkdtemp(join(tmpdir(), 'pubky-closed-'))
  teardown.add(() => rm(dir, { recursive: true, force: true }))
  const postgres = teardown.use(
    await startEmbeddedPostgres({ dataDir: join(dir, 'pg'), fsync: false }),
  )
  const databaseUrl = await ensureDatabase(postgres.url('postgres'), 'closed')
  await migrate(databaseUrl, MIGRATIONS)
  const { urls, publicKey } = teardown.use(
    await startHomeserver({
      databaseUrl,
      dataDir: join(dir, 'homeserver'),
      secretSeed: toHex(randomBytes(32)),
      port: 0,
      adminPort: 0,
      adminPassword: ADMIN_PASSWORD,
      signupMode: 'token_required',
      network: 'local',
      pkarrRelays: [relay],
    }),
  )
  return {
    key: publicKey,
    url: urls.http,
    async code() {
      const answer = await fetch(`${urls.admin}/generate_signup_token`, {
        headers: { 'x-admin-password': ADMIN_PASSWORD },
      })
      if (!answer.ok) throw new Error(`no sign-up code: ${answer.status}`)
      return (await answer.text()).trim()
    },
    [Symbol.asyncDispose]: () => teardown[Symbol.asyncDispose](),
  }
}
