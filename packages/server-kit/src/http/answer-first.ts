import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'

/**
 * Lets plain GETs be answered before the router sees them, which costs more than all the rest. `answer` tells
 * whether it did; whatever it does not answer goes the usual way. So do requests that do not wait for the
 * answers before them, without a socket yet: the server bounds those there.
 */
export function answerFirst(
  server: Server,
  answer: (request: IncomingMessage, response: ServerResponse) => boolean,
): void {
  const routes = server.listeners('request') as RequestListener[]
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    const isPlain = request.method === 'GET' && server.listening && response.socket !== null
    if (isPlain && answer(request, response)) return
    for (const route of routes) route.call(server, request, response)
  })
}
