import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { StartError } from '@pubky/server-kit/errors'
import { openDatabases } from './database.ts'
import { StackError } from './errors.ts'
import { findRepository } from './start.ts'
import { dataFolderOf } from './tool.ts'

async function run(program: string, dataDir: string, args: readonly string[]): Promise<number> {
  await using databases = await openDatabases({
    dataDir: join(dataDir, 'postgres'),
    port: 0,
    keep: true,
    tell: () => {},
  })
  const repository = findRepository()
  const script = join(repository, 'dist', `${program}.js`)
  const child = spawn(process.execPath, [script, ...args], {
    stdio: 'inherit',
    env: {
      ...process.env,
      DATABASE_URL: databases.url('nexus'),
      DATA_DIR: join(dataDir, 'nexus'),
      NEXUS_MIGRATIONS: join(repository, 'prisma/nexus/migrations'),
    },
  })
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

/** For start files: runs a program of the indexer with the database and the folder of a network. */
export async function runIndexerTool(program: string): Promise<void> {
  try {
    const { values, tokens } = parseArgs({
      strict: false,
      tokens: true,
      options: { data: { type: 'string' } },
    })
    const data = typeof values.data === 'string' ? values.data : undefined
    // What is not ours goes on to the indexer's program.
    const rest = process.argv.slice(2).filter((_, i) => {
      const own = tokens.find((token) => token.kind === 'option' && token.name === 'data')
      const width = own && own.kind === 'option' && own.inlineValue === false ? 2 : 1
      return !own || i < own.index || i >= own.index + width
    })
    process.exitCode = await run(program, dataFolderOf(data), rest)
  } catch (error) {
    const isTold = error instanceof StackError || error instanceof StartError
    process.stderr.write(`${isTold ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
