import type { Signer } from '@pubky/protocol'
import type { PublicKeyZ32 } from '@pubky/protocol/brands'
import { type KeyAnswer, KeyError, type KeyOperations, type OperationName } from './messages.ts'

export { KeyError } from './messages.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(error: unknown): void
}

let worker: Worker | null = null
let nextId = 1
const waiting = new Map<number, Waiting>()

function start(): Worker {
  const started = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  started.onmessage = ({ data }: MessageEvent<KeyAnswer>) => {
    const call = waiting.get(data.id)
    waiting.delete(data.id)
    if (data.ok) call?.resolve(data.value)
    else call?.reject(new KeyError(data.code))
  }
  started.onerror = () => {
    for (const call of waiting.values()) call.reject(new KeyError('failed'))
    waiting.clear()
    started.terminate()
    worker = null
  }
  return started
}

function ask(operation: OperationName, args: readonly unknown[]): Promise<unknown> {
  worker ??= start()
  const id = nextId++
  const result = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
  worker.postMessage({ id, operation, args })
  return result
}

/**
 * The keys of this browser. Nothing else touches secrets: everything runs in a worker, which starts
 * with the first call (design 6, spec/web-app.md 24).
 */
export const keys = new Proxy({} as KeyOperations, {
  get:
    (_, operation: OperationName) =>
    (...args: readonly unknown[]) =>
      ask(operation, args),
})

/** Signs as the app's own key for a person, with the grant that allows it. */
export function clientSigner(user: PublicKeyZ32, client: PublicKeyZ32, grant: string): Signer {
  return { publicKey: client, grant, sign: (message) => keys.clientSign(user, client, message) }
}

/** Signs as the person; works only until `finishRoot`. */
export function rootSigner(user: PublicKeyZ32): Signer {
  return { publicKey: user, sign: (message) => keys.rootSign(user, message) }
}
