import { resolve } from 'node:path'
import { backup } from '../archive/backup.ts'
import { runTool } from '../tool.ts'

await runTool('npm run backup -- FILE [--data DIR]', async ({ dataDir, file, say }) => {
  const { bytes, missingBlobs } = await backup({ dataDir, file: resolve(file) })
  if (missingBlobs > 0) say(`${missingBlobs} blobs that the database names were not on the disk.`)
  say(
    `Saved ${dataDir} in ${file} (${(bytes / 1e6).toFixed(1)} MB). It holds secrets: keep it safe.`,
  )
})
