import { Worker } from 'node:worker_threads'
import { type PublicKeyZ32, publicKeyBytes, verifySignature } from '@pubky/protocol'
import { sodiumPath } from '@pubky/protocol/primitives/sodium'
import type { Logger } from '@pubky/server-kit'

const [KEY_BYTES, SIGNATURE_BYTES] = [32, 64]

interface Question {
  key: PublicKeyZ32
  message: Uint8Array
  signature: Uint8Array
  answer(isValid: boolean | Promise<boolean>): void
}

export interface Verifier extends AsyncDisposable {
  /** Gives the verdict of `verifySignature`. */
  verify: typeof verifySignature
}

/** Answers which signatures libsodium accepts. Keys, signatures and messages come packed in one piece. */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads')
const sodium = require(workerData)
parentPort.on('message', ({ packed, lengths }) => {
  let at = 0
  const next = (length) => packed.subarray(at, (at += length))
  const verdicts = lengths.map((length) => {
    const [key, signature, message] = [next(${KEY_BYTES}), next(${SIGNATURE_BYTES}), next(length)]
    return sodium.crypto_sign_verify_detached(signature, message, key)
  })
  parentPort.postMessage(verdicts)
})`

function pack(batch: readonly Question[]): { packed: Uint8Array; lengths: number[] } {
  const lengths = batch.map(({ message }) => message.length)
  const each = KEY_BYTES + SIGNATURE_BYTES
  const packed = new Uint8Array(lengths.reduce((sum, length) => sum + length, batch.length * each))
  let at = 0
  for (const { key, signature, message } of batch)
    for (const part of [publicKeyBytes(key), signature, message]) {
      packed.set(part, at)
      at += part.length
    }
  return { packed, lengths }
}

function answerHere({ key, message, signature, answer }: Question): void {
  answer(verifySignature(key, message, signature))
}

/**
 * Verifies signatures on a thread of its own: one takes about as long as the rest of a small request.
 * What arrives in one turn goes together; a single one is sooner done here. What libsodium does not
 * accept is judged here, too, and so is everything when there is no thread.
 */
export function createVerifier(log: Logger): Verifier {
  /** Undefined until it is needed; null without libsodium, and when it has ended. */
  let thread: Worker | null | undefined
  const asked: (readonly Question[])[] = []
  let gathered: Question[] = []

  function startThread(): Worker | null {
    const workerData = sodiumPath()
    if (workerData === null) return null
    const worker = new Worker(THREAD, {
      eval: true,
      workerData,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
    })
    worker.on('message', (verdicts: boolean[]) => {
      const batch = asked.shift() ?? []
      batch.forEach((question, index) => {
        if (verdicts[index]) question.answer(true)
        else answerHere(question)
      })
    })
    worker.on('error', (error) => log.warn({ error }, 'the thread of signatures ended'))
    worker.on('exit', () => {
      thread = null
      for (const question of asked.splice(0).flat()) answerHere(question)
    })
    worker.unref()
    return worker
  }

  function flush(): void {
    const batch = gathered
    gathered = []
    const isAlone = batch.length === 1 && asked.length === 0
    if (!isAlone && thread === undefined) thread = startThread()
    if (isAlone || !thread) {
      for (const question of batch) answerHere(question)
      return
    }
    asked.push(batch)
    const packed = pack(batch)
    thread.postMessage(packed, [packed.packed.buffer as ArrayBuffer])
  }

  return {
    verify(key, message, signature) {
      if (signature.length !== SIGNATURE_BYTES) return Promise.resolve(false)
      return new Promise((answer) => {
        gathered.push({ key, message, signature, answer })
        if (gathered.length === 1) setImmediate(flush)
      })
    },
    async [Symbol.asyncDispose]() {
      await thread?.terminate()
      thread = null
    },
  }
}
