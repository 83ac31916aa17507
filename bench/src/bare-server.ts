import { createServer } from 'node:http'

/** Answers everything with the bytes it was sent, and tells its port: what Node itself can do. */
process.once('message', (body: Uint8Array) => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    process.send?.(typeof address === 'object' && address ? address.port : 0)
  })
})
process.once('disconnect', () => process.exit(0))
