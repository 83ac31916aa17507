import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type pg from 'pg'

/** What this needs of a connection of `pg`, whose types leave COPY out. */
interface CopyConnection {
  stream: { pause(): void; resume(): void; write(data: Uint8Array, done: () => void): boolean }
  query(text: string): void
  sendCopyFromChunk(chunk: Uint8Array): void
  endCopyFrom(): void
  sendCopyFail(reason: string): void
}

/** The calls that a client of `pg` makes on the query it works at. */
abstract class CopyQuery implements pg.Submittable {
  readonly #sql: string
  protected readonly settle: { resolve: () => void; reject: (error: unknown) => void }
  readonly done: Promise<void>
  #failure: unknown

  constructor(sql: string) {
    this.#sql = sql
    let resolve = () => {}
    let reject: (error: unknown) => void = () => {}
    this.done = new Promise<void>((yes, no) => {
      resolve = yes
      reject = no
    })
    this.settle = { resolve, reject }
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#sql)
  }

  fail(error: unknown): void {
    this.#failure ??= error
  }

  handleError(error: unknown): void {
    this.settle.reject(this.#failure ?? error)
  }

  handleReadyForQuery(): void {
    if (this.#failure === undefined) this.settle.resolve()
    else this.settle.reject(this.#failure)
  }

  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCopyInResponse(connection: CopyConnection): void {
    connection.sendCopyFail('not expected')
  }
  handleCopyData(_message: { chunk: Uint8Array }, _connection: CopyConnection): void {}
}

class CopyOut extends CopyQuery {
  readonly #target: Writable
  #isWaiting = false

  constructor(sql: string, target: Writable) {
    super(sql)
    this.#target = target
    target.once('error', (error) => this.fail(error))
  }

  override handleCopyData({ chunk }: { chunk: Uint8Array }, { stream }: CopyConnection): void {
    if (this.#target.destroyed || this.#target.write(Buffer.from(chunk)) || this.#isWaiting) return
    // What was received already still comes after the pause.
    this.#isWaiting = true
    stream.pause()
    const go = () => {
      this.#isWaiting = false
      this.#target.off('drain', go).off('close', go)
      stream.resume()
    }
    this.#target.on('drain', go).on('close', go)
  }
}

class CopyIn extends CopyQuery {
  readonly #source: Readable

  constructor(sql: string, source: Readable) {
    super(sql)
    this.#source = source
  }

  override handleCopyInResponse(connection: CopyConnection): void {
    const send = async () => {
      for await (const chunk of this.#source) {
        connection.sendCopyFromChunk(chunk)
        // An empty write is done when everything before it has left.
        await new Promise<void>((resolve) => connection.stream.write(Buffer.alloc(0), resolve))
      }
    }
    send().then(
      () => connection.endCopyFrom(),
      (error) => {
        this.fail(error)
        connection.sendCopyFail('the source could not be read')
      },
    )
  }
}

/** Runs `COPY … TO STDOUT` into a stream, which is ended. */
export async function copyOut(client: pg.ClientBase, sql: string, target: Writable): Promise<void> {
  const query = new CopyOut(sql, target)
  client.query(query)
  await query.done
  const finished = once(target, 'finish')
  target.end()
  await finished
}

/** Runs `COPY … FROM STDIN` with what a stream holds. */
export async function copyIn(client: pg.ClientBase, sql: string, source: Readable): Promise<void> {
  const query = new CopyIn(sql, source)
  client.query(query)
  await query.done
}
