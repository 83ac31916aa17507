import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')

/** Runs `prisma migrate diff`: code 0 when the database is as the schema says, 2 when it differs. */
export async function schemaDrift(
  databaseUrl: string,
  schema: string,
): Promise<{ code: number; script: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'pubky-drift-'))
  const config = join(dir, 'prisma.config.mjs')
  const settings = { schema, datasource: { url: databaseUrl } }
  await writeFile(config, `export default ${JSON.stringify(settings)}`)
  const args = ['migrate', 'diff', '--from-config-datasource', '--to-schema', schema]
  const env = {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: join(ROOT, 'scripts/schema-engine.mjs'),
    PRISMA_HIDE_UPDATE_MESSAGE: 'true',
    CHECKPOINT_DISABLE: '1',
  }
  const prisma = join(ROOT, 'node_modules/prisma/build/index.js')
  const command = [prisma, ...args, '--config', config, '--script', '--exit-code']
  try {
    return await new Promise((resolve) => {
      execFile(process.execPath, command, { cwd: ROOT, env }, (error, script, text) => {
        const code = error ? Number(error.code) : 0
        resolve({ code, script: error ? script + text : script })
      })
    })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
