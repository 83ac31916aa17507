import { join } from 'node:path'
import { catchUp, createPgJournal, type Projection } from '@pubky/indexer'
import {
  createFileBlobStore,
  createLogger,
  createPool,
  type Logger,
  loadConfig,
  StartError,
} from '@pubky/server-kit'
import { nexusSettings } from '../config.ts'
import { openGraph, openSearch } from '../engines.ts'
import { rebuildViews } from '../projections/rebuild.ts'
import { createProjections } from '../start.ts'

/** `rebuild [views] [graph] [search]`: computes projections again from the journal; all by default. */
async function rebuild(names: readonly string[], log: Logger): Promise<void> {
  const file = process.env.CONFIG_FILE
  const config = loadConfig(nexusSettings, file ? { file } : {})
  const url = config.databaseUrl
  const pool = createPool(url, { max: 4, name: 'rebuild', log })
  const blobs = createFileBlobStore({ dir: join(config.dataDir, 'blobs') })
  const journal = createPgJournal({ pool, url, blobs })
  const [graph, search] = [await openGraph(config, pool), await openSearch(config, pool)]
  try {
    const projections = createProjections(pool, graph, search)
    for (const { name } of chosen(projections, names)) log.info({ projection: name }, 'to rebuild')
    for (const projection of chosen(projections, names)) {
      const position = await rebuildOne(projection)
      log.info({ projection: projection.name, position: String(position) }, 'rebuilt')
    }
  } finally {
    for (const part of [graph, search, journal, blobs]) await part[Symbol.asyncDispose]()
    await pool.end()
  }

  async function rebuildOne(projection: Projection): Promise<bigint> {
    if (projection.name === 'views') return rebuildViews({ pool, url, journal })
    await projection.reset()
    return catchUp(journal, projection)
  }
}

function chosen(projections: readonly Projection[], names: readonly string[]): Projection[] {
  const unknown = names.find((name) => !projections.some((p) => p.name === name))
  if (unknown !== undefined) {
    const known = projections.map(({ name }) => name).join(', ')
    throw new StartError('invalid_config', `No projection ${unknown}; there are ${known}.`)
  }
  return projections.filter(({ name }) => names.length === 0 || names.includes(name))
}

const log = createLogger('rebuild')
try {
  await rebuild(process.argv.slice(2), log)
} catch (error) {
  log.error({ error }, 'the rebuild failed')
  process.exitCode = 1
}
