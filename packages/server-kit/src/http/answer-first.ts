import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'

/**
 * Lets plain requests of one method be answered before the router sees them, which costs more than all the
 * rest. `answer` tells whether it takes one; whatever it does not goes the usual way. So do requests that do
 * not wait for the answers before them, without a socket yet: the server bounds those there.
 */
export function answerFirst(
  server: Server,
  answer: (request: IncomingMessage, response: ServerResponse) => boolean,
  method: 'GET' | 'PUT' = 'GET',
): void {
  const routes = server.listeners('request') as RequestListener[]
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    const isWaiting = response.socket !== null && !response.socket.destroyed
    const isPlain = request.method === method && server.listening && isWaiting
    if (isPlain && answer(request, response)) return
    for (const route of routes) route.call(server, request, response)
  })
}
