import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A service as small as can be, for the tests of what starts services. */
export const FIXTURE_SERVICE = `
import { createServer } from 'node:http'
const mode = process.env.FIXTURE_MODE
const port = Number(process.env.PORT || process.env.RELAY_PORT || 0)
process.once('disconnect', () => process.exit(0))
process.once('SIGTERM', () => mode !== 'deaf' && process.exit(0))
if (mode === 'fails') { process.send({ failed: 'the moon is not full.' }); process.exit(1) }
if (mode === 'crashes') throw new Error('out of cheese')
const server = createServer((_, response) => response.end(String(process.pid)))
server.listen(port, '127.0.0.1', () => {
  console.log(JSON.stringify({ msg: 'ready' }))
  process.send({ ready: { http: 'http://127.0.0.1:' + server.address().port } })
})
`

/** A checkout whose services are fixtures. */
export async function makeFixtureRepository(dir: string): Promise<string> {
  await mkdir(join(dir, 'dist'), { recursive: true })
  await mkdir(join(dir, 'web/.next'), { recursive: true })
  await writeFile(join(dir, 'web/.next/BUILD_ID'), 'x')
  await writeFile(join(dir, 'package.json'), '{"type":"module"}')
  for (const name of ['pkdns', 'http-relay', 'homeserver', 'nexus', 'web'])
    await writeFile(join(dir, 'dist', `${name}.js`), FIXTURE_SERVICE)
  return dir
}
