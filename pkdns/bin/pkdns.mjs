#!/usr/bin/env node
// `npx pkdns`: runs the command from its sources, whatever folder it is called in.
import { register } from 'tsx/esm/api'

register()
const { main } = await import('../src/cli/main.ts')
process.exitCode = await main(process.argv.slice(2))
