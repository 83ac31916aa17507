import { resolve } from 'node:path'
import { restore } from '../archive/restore.ts'
import { findRepository } from '../start.ts'
import { runTool } from '../tool.ts'

await runTool('npm run restore -- FILE [--data DIR]', async ({ dataDir, file, say }) => {
  const repository = findRepository()
  const { createdAt } = await restore({ file: resolve(file), dataDir, repository })
  say(`Restored the backup of ${createdAt} into ${dataDir}. Start it with npm start.`)
})
