import { runIndexerTool } from '../indexer-tool.ts'

await runIndexerTool('nexus-rebuild')
