import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { StartError } from '@pubky/server-kit/errors'
import { StackError } from './errors.ts'
import { findRepository } from './start.ts'

/** The data folder that a switch, the environment or nothing names. */
export function dataFolderOf(given: string | undefined, env = process.env): string {
  const folder = given ?? env.PUBKY_DATA
  return folder ? resolve(env.INIT_CWD ?? '.', folder) : resolve(findRepository(), '.data')
}

export interface ToolInput {
  dataDir: string
  /** The only argument, relative to where the person is. */
  file: string
  say: (text: string) => void
}

/** For start files: reads `FILE` and `--data DIR`, runs `work` and tells what went wrong in one sentence. */
export async function runTool(
  usage: string,
  work: (input: ToolInput) => Promise<void>,
): Promise<void> {
  const say = (text: string): void => {
    process.stdout.write(`${text}\n`)
  }
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { data: { type: 'string' }, help: { type: 'boolean', default: false } },
    })
    const [file] = positionals
    if (values.help) return say(usage)
    if (file === undefined || positionals.length > 1)
      throw new StackError('unknown_option', `Usage: ${usage}`)
    await work({
      dataDir: dataFolderOf(values.data),
      file: resolve(process.env.INIT_CWD ?? '.', file),
      say,
    })
  } catch (error) {
    const isUsage = error instanceof TypeError && 'code' in error
    const isTold = error instanceof StackError || error instanceof StartError || isUsage
    process.stderr.write(isTold ? `${error.message}\n` : `${String(error)}\n`)
    process.exitCode = 1
  }
}
