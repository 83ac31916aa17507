import { Worker } from 'node:worker_threads'
import { type PublicKeyZ32, publicKeyBytes, verifySignature } from '@pubky/protocol'
import { sodiumPath } from '@pubky/protocol/primitives/sodium'
import type { Logger } from '@pubky/server-kit'

const [KEY_BYTES, SIGNATURE_BYTES] = [32, 64]
/** Questions that are open at a time, a power of two, and the room for each: what is signed is short. */
const SLOTS = 64
const SLOT_BYTES = 2048

interface Question {
  key: PublicKeyZ32
  message: Uint8Array
  signature: Uint8Array
  answer(isValid: boolean | Promise<boolean>): void
}

export interface Verifier extends AsyncDisposable {
  /** Gives the verdict of `verifySignature`. */
  verify: typeof verifySignature
  /** How many it is at. */
  readonly busy: number
  /** How many signatures the thread has accepted. */
  readonly acceptedAside: number
}

/** What both threads see: waking each other through it costs a tenth of what messages do. */
interface Shared {
  words: Int32Array
  /** Of each slot: the bytes in it, and what became of them. */
  lengths: Int32Array
  verdicts: Int32Array
  slots: Uint8Array
}

function createShared(): Shared {
  return {
    words: new Int32Array(new SharedArrayBuffer(12)),
    lengths: new Int32Array(new SharedArrayBuffer(4 * SLOTS)),
    verdicts: new Int32Array(new SharedArrayBuffer(4 * SLOTS)),
    slots: new Uint8Array(new SharedArrayBuffer(SLOT_BYTES * SLOTS)),
  }
}

/** Words that only count up: how many were asked, taken by whoever is to answer, and answered by the thread. */
const [ASKED, TAKEN, ANSWERED] = [0, 1, 2]
const [OPEN, ACCEPTED, REFUSED] = [0, 1, 2]

/** Answers which signatures libsodium accepts. Keys, signatures and messages come packed in one piece. */
const THREAD = `
const { sodium: path, words, lengths, verdicts, slots } = require('node:worker_threads').workerData
const sodium = require(path)
for (;;) {
  const taken = Atomics.load(words, ${TAKEN})
  if (taken === Atomics.load(words, ${ASKED})) {
    Atomics.wait(words, ${ASKED}, taken)
    continue
  }
  if (Atomics.compareExchange(words, ${TAKEN}, taken, taken + 1) !== taken) continue
  const slot = taken & ${SLOTS - 1}
  // libsodium's binding does not look into shared memory.
  const all = slots.slice(slot * ${SLOT_BYTES}, slot * ${SLOT_BYTES} + lengths[slot])
  const key = all.subarray(0, ${KEY_BYTES})
  const signature = all.subarray(${KEY_BYTES}, ${KEY_BYTES + SIGNATURE_BYTES})
  const message = all.subarray(${KEY_BYTES + SIGNATURE_BYTES})
  const isValid = sodium.crypto_sign_verify_detached(signature, message, key)
  Atomics.store(verdicts, slot, isValid ? ${ACCEPTED} : ${REFUSED})
  Atomics.add(words, ${ANSWERED}, 1)
  Atomics.notify(words, ${ANSWERED})
}`

/** `Atomics.waitAsync` of ES2024. */
type WaitAsync = (
  array: Int32Array,
  index: number,
  value: number,
) => { async: false } | { async: true; value: Promise<unknown> }
const { waitAsync } = Atomics as unknown as { waitAsync: WaitAsync }

function write({ key, signature, message }: Question, slot: number, shared: Shared): void {
  const at = slot * SLOT_BYTES
  shared.slots.set(publicKeyBytes(key), at)
  shared.slots.set(signature, at + KEY_BYTES)
  shared.slots.set(message, at + KEY_BYTES + SIGNATURE_BYTES)
  shared.lengths[slot] = KEY_BYTES + SIGNATURE_BYTES + message.length
  shared.verdicts[slot] = OPEN
}

/** The slot of a question that the thread has not come to, and will not. */
function take(words: Int32Array): number | null {
  for (;;) {
    const taken = Atomics.load(words, TAKEN)
    if (taken === Atomics.load(words, ASKED)) return null
    if (Atomics.compareExchange(words, TAKEN, taken, taken + 1) === taken)
      return taken & (SLOTS - 1)
  }
}

function answerHere({ key, message, signature, answer }: Question): void {
  answer(verifySignature(key, message, signature))
}

/**
 * Verifies signatures on a thread of its own: one takes about as long as the rest of a small request. A single
 * one is sooner done here, and so is, whenever there is nothing else to do here, one that the thread has not come
 * to. What libsodium does not accept is judged here, too, and so is everything when there is no thread.
 */
export function createVerifier(log: Logger): Verifier {
  const sodium = sodiumPath()
  let thread: { worker: Worker; shared: Shared } | null = null
  const waiting: Question[] = []
  /** By slot. */
  const open = new Map<number, Question>()
  let isDue = false
  let isListening = false
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
      const left = [...open.values(), ...waiting.splice(0)]
      open.clear()
      for (const question of left) answerHere(question)
    })
    worker.unref()
    return { worker, shared }
  }

  /** Asks what there are slots for. */
  function ask(shared: Shared): void {
    const asked = Atomics.load(shared.words, ASKED)
    let count = 0
    for (const question of waiting) {
      const slot = (asked + count) & (SLOTS - 1)
      if (open.has(slot)) break
      write(question, slot, shared)
      open.set(slot, question)
      count += 1
    }
    if (count === 0) return
    waiting.splice(0, count)
    Atomics.store(shared.words, ASKED, asked + count)
    Atomics.notify(shared.words, ASKED)
  }

  function collect({ verdicts }: Shared): void {
    for (const [slot, question] of open) {
      const verdict = Atomics.load(verdicts, slot)
      if (verdict === OPEN) continue
      open.delete(slot)
      if (verdict === REFUSED) answerHere(question)
      else {
        acceptedAside += 1
        question.answer(true)
      }
    }
  }

  /** Comes back when the thread has answered. */
  function listen({ words }: Shared, answered: number): void {
    if (isListening || open.size === 0) return
    const change = waitAsync(words, ANSWERED, answered)
    if (!change.async) {
      come()
      return
    }
    isListening = true
    change.value.then(() => {
      isListening = false
      come()
    })
  }

  function turn(): void {
    isDue = false
    if (isClosed || (waiting.length === 1 && open.size === 0)) {
      for (const question of waiting.splice(0)) answerHere(question)
      if (isClosed) return
    }
    if (waiting.length === 0 && open.size === 0) return
    thread ??= startThread()
    const { shared } = thread
    const answered = Atomics.load(shared.words, ANSWERED)
    collect(shared)
    ask(shared)
    const slot = take(shared.words)
    const question = slot === null ? undefined : open.get(slot)
    if (slot === null || !question) {
      listen(shared, answered)
      return
    }
    open.delete(slot)
    answerHere(question)
    come()
  }

  function come(): void {
    if (isDue) return
    isDue = true
    setImmediate(turn)
  }

  return {
    verify(key, message, signature) {
      if (signature.length !== SIGNATURE_BYTES) return Promise.resolve(false)
      return new Promise((answer) => {
        const question = { key, message, signature, answer }
        if (KEY_BYTES + SIGNATURE_BYTES + message.length > SLOT_BYTES) return answerHere(question)
        waiting.push(question)
        come()
      })
    },
    get busy() {
      return waiting.length + open.size
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
