import { type PublicKeyZ32, portParam, resolveEndpoints, SVC_PARAMS } from '@pubky/protocol'
import type { Opt } from './dht.ts'
import { PubkyError } from './errors.ts'
import type { PkarrClient, ResolvePolicy } from './pkarr/client.ts'

const HTTPS_PORT = 443

/**
 * The HTTP origin that a homeserver's record names (spec/homeserver.md 8.6). `localHost` is set on
 * the local network only: the one name that is reached over plain HTTP. Rejects with `no_endpoint`,
 * or as `PkarrClient.resolve`.
 */
export async function originOf(
  pkarr: Pick<PkarrClient, 'resolve'>,
  homeserver: PublicKeyZ32,
  o: Opt & { policy?: ResolvePolicy; localHost?: string | undefined } = {},
): Promise<string> {
  const { localHost, ...opt } = o
  const resolve = (key: PublicKeyZ32) => pkarr.resolve(key, opt)
  for await (const { target, port, params } of resolveEndpoints(homeserver, resolve)) {
    if (target === '.') continue
    if (target === localHost) {
      const httpPort = portParam(params, SVC_PARAMS.localHttpPort)
      if (!httpPort)
        throw new PubkyError('no_endpoint', { detail: 'no HTTP port for the local host' })
      return `http://${target}:${httpPort}`
    }
    // Names without a dot and addresses lead into somebody's own network.
    if (!/^(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*$/i.test(target)) continue
    return port > 0 && port !== HTTPS_PORT ? `https://${target}:${port}` : `https://${target}`
  }
  throw new PubkyError('no_endpoint', { detail: homeserver })
}
