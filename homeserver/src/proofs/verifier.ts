import { Worker } from 'node:worker_threads'
import { type PublicKeyZ32, publicKeyBytes, verifySignature } from '@pubky/protocol'
import { sodiumPath } from '@pubky/protocol/primitives/sodium'
import type { Logger } from '@pubky/server-kit'

const [KEY_BYTES, SIGNATURE_BYTES] = [32, 64]
const MAX_BATCH = 256
const BATCH_BYTES = 512 * 1024

interface Question {
  key: PublicKeyZ32
  message: Uint8Array
  signature: Uint8Array
  answer(isValid: boolean | Promise<boolean>): void
}

export interface Verifier extends AsyncDisposable {
  /** Gives the verdict of `verifySignature`. */
  verify: typeof verifySignature
  /** How many signatures the thread has accepted. */
  readonly acceptedAside: number
}

/** What both threads see: waking each other through it costs a tenth of what messages do. */
interface Shared {
  /** Batches asked, batches answered, signatures and bytes of the batch. */
  turns: Int32Array
  lengths: Int32Array
  verdicts: Uint8Array
  packed: Uint8Array
}

function createShared(): Shared {
  return {
    turns: new Int32Array(new SharedArrayBuffer(16)),
    lengths: new Int32Array(new SharedArrayBuffer(4 * MAX_BATCH)),
    verdicts: new Uint8Array(new SharedArrayBuffer(MAX_BATCH)),
    packed: new Uint8Array(new SharedArrayBuffer(BATCH_BYTES)),
  }
}

const [ASKED, ANSWERED, COUNT, BYTES] = [0, 1, 2, 3]

/** Answers which signatures libsodium accepts. Keys, signatures and messages come packed in one piece. */
const THREAD = `
const { sodium: path, turns, lengths, verdicts, packed } = require('node:worker_threads').workerData
const sodium = require(path)
for (let turn = 0; ; turn += 1) {
  Atomics.wait(turns, ${ASKED}, turn)
  // libsodium's binding does not look into shared memory.
  const all = packed.slice(0, turns[${BYTES}])
  let at = 0
  const next = (length) => all.subarray(at, (at += length))
  for (let i = 0; i < turns[${COUNT}]; i += 1) {
    const [key, signature, message] = [next(${KEY_BYTES}), next(${SIGNATURE_BYTES}), next(lengths[i])]
    verdicts[i] = sodium.crypto_sign_verify_detached(signature, message, key) ? 1 : 0
  }
  Atomics.add(turns, ${ANSWERED}, 1)
  Atomics.notify(turns, ${ANSWERED})
}`

function spaceOf({ message }: Question): number {
  return KEY_BYTES + SIGNATURE_BYTES + message.length
}

/** Packs as many as there is room for, and takes them out of the queue. */
function pack(queue: Question[], { turns, lengths, packed }: Shared): Question[] {
  let at = 0
  let count = 0
  for (const question of queue) {
    if (count === MAX_BATCH || at + spaceOf(question) > BATCH_BYTES) break
    const { key, signature, message } = question
    for (const part of [publicKeyBytes(key), signature, message]) {
      packed.set(part, at)
      at += part.length
    }
    lengths[count] = message.length
    count += 1
  }
  turns[COUNT] = count
  turns[BYTES] = at
  return queue.splice(0, count)
}

function answerHere({ key, message, signature, answer }: Question): void {
  answer(verifySignature(key, message, signature))
}

/** `Atomics.waitAsync` of ES2024. */
type WaitAsync = (
  array: Int32Array,
  index: number,
  value: number,
) => { async: false } | { async: true; value: Promise<unknown> }
const { waitAsync } = Atomics as unknown as { waitAsync: WaitAsync }

/**
 * Verifies signatures on a thread of its own: one takes about as long as the rest of a small request.
 * What arrives while it works goes together; a single one is sooner done here. What libsodium does not
 * accept is judged here, too, and so is everything when there is no thread.
 */
export function createVerifier(log: Logger): Verifier {
  const sodium = sodiumPath()
  let thread: { worker: Worker; shared: Shared } | null = null
  /** What the thread is at. */
  let asked: Question[] = []
  const waiting: Question[] = []
  let isDue = false
  let acceptedAside = 0
  let isClosed = sodium === null

  function startThread(): { worker: Worker; shared: Shared } {
    const shared = createShared()
    const worker = new Worker(THREAD, {
      eval: true,
      workerData: { sodium, ...shared },
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
    })
    worker.on('error', (error) => log.warn({ error }, 'the thread of signatures ended'))
    worker.on('exit', () => {
      thread = null
      // One that ends by itself does not run on this machine.
      isClosed = true
      for (const question of [...asked.splice(0), ...waiting.splice(0)]) answerHere(question)
    })
    worker.unref()
    return { worker, shared }
  }

  async function ask(): Promise<void> {
    thread ??= startThread()
    const { shared } = thread
    while (waiting.length > 0 && thread) {
      const turn = shared.turns[ANSWERED] ?? 0
      asked = pack(waiting, shared)
      Atomics.add(shared.turns, ASKED, 1)
      Atomics.notify(shared.turns, ASKED)
      const answered = waitAsync(shared.turns, ANSWERED, turn)
      if (answered.async) await answered.value
      asked.splice(0).forEach((question, index) => {
        if (shared.verdicts[index]) {
          acceptedAside += 1
          question.answer(true)
        } else answerHere(question)
      })
    }
  }

  function flush(): void {
    isDue = false
    if (asked.length > 0) return
    const isAlone = waiting.length === 1
    if (isClosed || isAlone) for (const question of waiting.splice(0)) answerHere(question)
    else void ask()
  }

  return {
    verify(key, message, signature) {
      if (signature.length !== SIGNATURE_BYTES) return Promise.resolve(false)
      return new Promise((answer) => {
        const question = { key, message, signature, answer }
        if (spaceOf(question) > BATCH_BYTES) return answerHere(question)
        waiting.push(question)
        if (isDue) return
        isDue = true
        setImmediate(flush)
      })
    },
    get acceptedAside() {
      return acceptedAside
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      await thread?.worker.terminate()
    },
  }
}
