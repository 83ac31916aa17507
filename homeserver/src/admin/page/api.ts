/** A refusal of the admin API. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const STORED = 'admin-password'
let password = sessionStorage.getItem(STORED) ?? ''

export function hasPassword(): boolean {
  return password !== ''
}

/** Kept for this tab only. */
export function rememberPassword(text: string): void {
  password = text
  if (text === '') sessionStorage.removeItem(STORED)
  else sessionStorage.setItem(STORED, text)
}

async function send(method: string, path: string, json?: unknown): Promise<Response> {
  const headers: Record<string, string> = { 'x-admin-password': password }
  if (json !== undefined) headers['content-type'] = 'application/json'
  const body = json === undefined ? null : JSON.stringify(json)
  const answer = await fetch(path, { method, headers, body, cache: 'no-store' })
  if (answer.ok) return answer
  const text = (await answer.text()).slice(0, 200)
  throw new ApiError(answer.status, text || `The server answered ${answer.status}.`)
}

export async function getJson<T>(path: string): Promise<T> {
  return (await (await send('GET', path)).json()) as T
}

export async function ask(method: string, path: string, json?: unknown): Promise<string> {
  return (await send(method, path, json)).text()
}
