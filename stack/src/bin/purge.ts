import { runIndexerTool } from '../indexer-tool.ts'

await runIndexerTool('nexus-purge')
