// The web app in one process: Next's own start command leaves nothing behind when its parent dies.
import { createRequire } from 'node:module'

process.once('disconnect', () => process.exit(0))
const { HOST = '127.0.0.1', PORT = '3000' } = process.env
const next = createRequire(import.meta.url).resolve('next/dist/bin/next')
process.argv = [process.execPath, next, 'start', '-H', HOST, '-p', PORT]
createRequire(import.meta.url)(next)
