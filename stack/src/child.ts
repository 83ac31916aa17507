import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { StackError } from './errors.ts'
import { openLogFile } from './log-file.ts'
import { noteProcess } from './processes.ts'

export interface ChildSpec {
  name: string
  /** Arguments of node: the script and what it takes. */
  args: readonly string[]
  /** Asked again at every start, because the database may have moved. */
  env: () => Record<string, string>
  logFile: string
  /** Where the number of the process is noted, for the next start after a crash. */
  pidFile: string
  /** For programs that do not report by themselves: whether it answers already. */
  probe?: () => Promise<boolean>
  cwd?: string
}

export interface Child extends AsyncDisposable {
  readonly name: string
  /** What the service reported when it was ready. */
  readonly urls: Readonly<Record<string, string>>
  pid(): number | undefined
  /** How often it was started again. */
  restarts(): number
  /** Ends the process, so that it is started again. */
  restart(): void
}

const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 10_000
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 10_000
/** What ran for so long is not in a loop of failures. */
const STABLE_MS = 30_000

type Report = { urls: Record<string, string> } | { failed: string }

function parseReport(message: unknown): Report | null {
  if (typeof message !== 'object' || message === null) return null
  if ('failed' in message && typeof message.failed === 'string') return { failed: message.failed }
  if (!('ready' in message) || typeof message.ready !== 'object' || message.ready === null)
    return null
  const pairs = Object.entries(message.ready).map(([key, value]) => [key, String(value)] as const)
  return { urls: Object.fromEntries(pairs) }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function ended(child: ChildProcess, limitMs: number): Promise<boolean> {
  if (hasEnded(child)) return true
  const stop = new AbortController()
  const exit = new Promise<boolean>((resolve) => child.once('exit', () => resolve(true)))
  const late = sleep(limitMs, false, { signal: stop.signal }).catch(() => false)
  const result = await Promise.race([exit, late])
  stop.abort()
  return result
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  child.kill('SIGTERM')
  if (await ended(child, STOP_TIMEOUT_MS)) return
  child.kill('SIGKILL')
  await ended(child, STOP_TIMEOUT_MS)
}

/** Resolves with what the service reports, or rejects with the reason it gave up. */
async function ready(spec: ChildSpec, child: ChildProcess, tail: () => string) {
  const cut = new AbortController()
  const reported = new Promise<Record<string, string>>((resolve, reject) => {
    const fail = (reason: string) =>
      reject(new StackError('service_failed', `${spec.name} did not start: ${reason}`))
    child.on('message', (message) => {
      const report = parseReport(message)
      if (report && 'urls' in report) resolve(report.urls)
      else if (report) fail(report.failed)
    })
    child.once('error', (error) => fail(error.message))
    child.once('close', (code, signal) =>
      fail(lastLine(tail()) ?? `it ended with ${signal ?? `code ${code}`}.`),
    )
    setTimeout(
      () => fail(`it was not ready after ${READY_TIMEOUT_MS / 1000} s.`),
      READY_TIMEOUT_MS,
    ).unref()
  })
  const probed = async (probe: () => Promise<boolean>) => {
    while (!cut.signal.aborted && !(await probe().catch(() => false))) await sleep(50)
    return {}
  }
  try {
    return await (spec.probe ? Promise.race([reported, probed(spec.probe)]) : reported)
  } finally {
    cut.abort()
  }
}

/** The message of the last line of a log, which may be a JSON object. */
function lastLine(tail: string): string | null {
  const line = tail.trim().split('\n').at(-1) ?? ''
  try {
    const parsed: unknown = JSON.parse(line)
    if (typeof parsed === 'object' && parsed && 'msg' in parsed) return String(parsed.msg)
  } catch {
    // Plain text.
  }
  return line || null
}

/**
 * Starts a service and keeps it running: when it ends by itself it is started again, ever less
 * eagerly. It ends with this process, because its IPC channel closes. Rejects with `service_failed`
 * when the first start fails.
 */
export async function startChild(spec: ChildSpec, tell: (text: string) => void): Promise<Child> {
  const log = await openLogFile(spec.logFile)
  const stopping = new AbortController()
  let restarts = 0

  function launch(): ChildProcess {
    const child = spawn(process.execPath, [...spec.args], {
      // A group of its own: Ctrl-C must reach the services in our order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...spec.env() },
      ...(spec.cwd && { cwd: spec.cwd }),
    })
    if (child.pid) noteProcess(spec.pidFile, child.pid)
    child.stdout?.on('data', log.write)
    child.stderr?.on('data', log.write)
    return child
  }

  let child = launch()
  let urls: Record<string, string>
  try {
    urls = await ready(spec, child, log.tail)
  } catch (error) {
    await stop(child)
    await log[Symbol.asyncDispose]()
    throw error
  }

  async function keepRunning(): Promise<void> {
    let retryMs = FIRST_RETRY_MS
    let sinceMs = performance.now()
    while (!stopping.signal.aborted) {
      if (!hasEnded(child))
        await new Promise<void>((resolve) => child.once('exit', () => resolve()))
      if (stopping.signal.aborted) return
      if (performance.now() - sinceMs > STABLE_MS) retryMs = FIRST_RETRY_MS
      tell(`${spec.name} ended (${child.signalCode ?? child.exitCode}); starting it again`)
      await sleep(retryMs, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) return
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
      restarts += 1
      sinceMs = performance.now()
      child = launch()
      try {
        await ready(spec, child, log.tail)
        tell(`${spec.name} is back`)
      } catch (error) {
        if (!stopping.signal.aborted) tell(error instanceof Error ? error.message : String(error))
        await stop(child)
      }
    }
  }

  const running = keepRunning()
  return {
    name: spec.name,
    urls,
    pid: () => child.pid,
    restarts: () => restarts,
    restart: () => child.kill('SIGTERM'),
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await stop(child)
      await running
      await log[Symbol.asyncDispose]()
    },
  }
}
