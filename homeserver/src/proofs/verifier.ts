import { setImmediate as turn } from 'node:timers/promises'
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
  words: Int32Array
  /** Where each of the batch ends in `packed`. */
  ends: Int32Array
  verdicts: Uint8Array
  packed: Uint8Array
}

function createShared(): Shared {
  return {
    words: new Int32Array(new SharedArrayBuffer(16)),
    ends: new Int32Array(new SharedArrayBuffer(4 * MAX_BATCH)),
    verdicts: new Uint8Array(new SharedArrayBuffer(MAX_BATCH)),
    packed: new Uint8Array(new SharedArrayBuffer(BATCH_BYTES)),
  }
}

/**
 * Words: the next signature to take, under the number of its batch, so that nobody takes one of a batch that has
 * gone; how many the batch has; how many are done; the batches that are done.
 */
const [NEXT, COUNT, DONE, BATCHES] = [0, 1, 2, 3]
const INDEX_BITS = 9
const INDEX = (1 << INDEX_BITS) - 1

/**
 * Takes signatures of the batch, each before somebody else does, and tells which libsodium accepts. Keys,
 * signatures and messages come packed in one piece.
 */
const THREAD = `
const { sodium: path, words, ends, verdicts, packed } = require('node:worker_threads').workerData
const sodium = require(path)
for (;;) {
  const next = Atomics.load(words, ${NEXT})
  const index = next & ${INDEX}
  if (index >= Atomics.load(words, ${COUNT})) {
    Atomics.wait(words, ${NEXT}, next)
    continue
  }
  if (Atomics.compareExchange(words, ${NEXT}, next, next + 1) !== next) continue
  // libsodium's binding does not look into shared memory.
  const all = packed.slice(index === 0 ? 0 : ends[index - 1], ends[index])
  const key = all.subarray(0, ${KEY_BYTES})
  const signature = all.subarray(${KEY_BYTES}, ${KEY_BYTES + SIGNATURE_BYTES})
  const message = all.subarray(${KEY_BYTES + SIGNATURE_BYTES})
  verdicts[index] = sodium.crypto_sign_verify_detached(signature, message, key) ? 1 : 0
  const count = Atomics.load(words, ${COUNT})
  if (Atomics.add(words, ${DONE}, 1) + 1 < count) continue
  Atomics.add(words, ${BATCHES}, 1)
  Atomics.notify(words, ${BATCHES})
}`

function spaceOf({ message }: Question): number {
  return KEY_BYTES + SIGNATURE_BYTES + message.length
}

/** `Atomics.waitAsync` of ES2024. */
type WaitAsync = (
  array: Int32Array,
  index: number,
  value: number,
) => { async: false } | { async: true; value: Promise<unknown> }
const { waitAsync } = Atomics as unknown as { waitAsync: WaitAsync }

/** Packs as many as there is room for, and takes them out of the queue. */
function pack(queue: Question[], { words, ends, packed }: Shared): Question[] {
  let at = 0
  let count = 0
  for (const question of queue) {
    if (count === MAX_BATCH || at + spaceOf(question) > BATCH_BYTES) break
    const { key, signature, message } = question
    for (const part of [publicKeyBytes(key), signature, message]) {
      packed.set(part, at)
      at += part.length
    }
    ends[count] = at
    count += 1
  }
  Atomics.store(words, DONE, 0)
  Atomics.store(words, COUNT, count)
  return queue.splice(0, count)
}

/** The number of a signature that nobody else has taken. */
function take(words: Int32Array): number | null {
  for (;;) {
    const next = Atomics.load(words, NEXT)
    if ((next & INDEX) >= Atomics.load(words, COUNT)) return null
    if (Atomics.compareExchange(words, NEXT, next, next + 1) === next) return next & INDEX
  }
}

/** Resolves when all of the batch are done. */
async function allDone(words: Int32Array): Promise<void> {
  for (;;) {
    const batches = Atomics.load(words, BATCHES)
    if (Atomics.load(words, DONE) >= Atomics.load(words, COUNT)) return
    const change = waitAsync(words, BATCHES, batches)
    if (change.async) await change.value
  }
}

function answerHere({ key, message, signature, answer }: Question): void {
  answer(verifySignature(key, message, signature))
}

/**
 * Verifies signatures on a thread of its own: one takes about as long as the rest of a small request. A single
 * one is sooner done here, and whenever there is nothing else to do here, so is one that the thread has not come
 * to. What libsodium does not accept is judged here, too, and so is everything when there is no thread.
 */
export function createVerifier(log: Logger): Verifier {
  const sodium = sodiumPath()
  let thread: { worker: Worker; shared: Shared } | null = null
  /** What the thread is at. */
  let asked: Question[] = []
  const waiting: Question[] = []
  let batch = 0
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

  /** Has what waits verified, batch after batch, and takes part in it. */
  async function work(): Promise<void> {
    thread ??= startThread()
    const { words, verdicts } = thread.shared
    while (waiting.length > 0 && thread) {
      // Whoever is about to take one of the last batch finds that it has gone.
      Atomics.store(words, NEXT, (batch << INDEX_BITS) | INDEX)
      asked = pack(waiting, thread.shared)
      batch += 1
      Atomics.store(words, NEXT, batch << INDEX_BITS)
      Atomics.notify(words, NEXT)
      const here = new Set<number>()
      for (await turn(); ; await turn()) {
        const index = take(words)
        const question = index === null ? undefined : asked[index]
        if (index === null || !question) break
        answerHere(question)
        here.add(index)
        Atomics.add(words, DONE, 1)
      }
      await allDone(words)
      asked.splice(0).forEach((question, index) => {
        if (here.has(index)) return
        if (verdicts[index]) {
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
    else void work()
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
