import { type KeyAnswer, KeyError, type KeyRequest } from './messages.ts'
import { createOperations } from './operations.ts'

const operations = createOperations()

async function answer({ id, operation, args }: KeyRequest): Promise<KeyAnswer> {
  try {
    if (!Object.hasOwn(operations, operation)) return { id, ok: false, code: 'failed' }
    const run = operations[operation] as (...args: readonly unknown[]) => Promise<unknown>
    return { id, ok: true, value: await run(...args) }
  } catch (error) {
    return { id, ok: false, code: error instanceof KeyError ? error.code : 'failed' }
  }
}

addEventListener('message', async (event: MessageEvent<KeyRequest>) => {
  postMessage(await answer(event.data))
})
