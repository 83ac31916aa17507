// Generates the Prisma clients of every database under prisma/, without any download.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(fileURLToPath(import.meta.url), '..', '..')
const folders = readdirSync(join(root, 'prisma')).filter((name) =>
  existsSync(join(root, 'prisma', name, 'schema.prisma')),
)

for (const name of folders) {
  const result = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/prisma/build/index.js'),
      'generate',
      '--schema',
      `prisma/${name}/schema.prisma`,
      '--no-hints',
    ],
    {
      cwd: root,
      encoding: 'utf8',
      env: {
        ...process.env,
        PRISMA_SCHEMA_ENGINE_BINARY: join(root, 'scripts/schema-engine.mjs'),
        PRISMA_HIDE_UPDATE_MESSAGE: 'true',
        CHECKPOINT_DISABLE: '1',
      },
    },
  )
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout}${result.stderr}\n`)
    process.stderr.write(`The Prisma client of prisma/${name} could not be generated.\n`)
    process.exit(1)
  }
}
