import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Contact, ID_BYTES } from '../contact.ts'
import { syncDirectory } from './item-log.ts'

/** What a node remembers of itself: its id, and whom it knew. */
export interface NodeState {
  id: Uint8Array
  contacts: Contact[]
}

const MAX_CONTACTS = 500

/** Null when there is no file or it cannot be read: a node without memory starts anew. */
export async function loadNodeState(file: string): Promise<NodeState | null> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  return parse(text)
}

function parse(text: string): NodeState | null {
  try {
    const { id, contacts } = JSON.parse(text) as { id: unknown; contacts: unknown }
    const own = idOf(id)
    if (!own || !Array.isArray(contacts)) return null
    return {
      id: own,
      contacts: contacts.slice(0, MAX_CONTACTS).flatMap((entry) => contactOf(entry)),
    }
  } catch {
    return null
  }
}

function contactOf(entry: unknown): Contact[] {
  if (!Array.isArray(entry)) return []
  const [text, host, port] = entry as unknown[]
  const id = idOf(text)
  return id && typeof host === 'string' && typeof port === 'number' ? [{ id, host, port }] : []
}

function idOf(text: unknown): Uint8Array | null {
  if (typeof text !== 'string') return null
  const id = Uint8Array.from(Buffer.from(text, 'hex'))
  return id.length === ID_BYTES ? id : null
}

/** Replaces the file at once or not at all. */
export async function saveNodeState(file: string, { id, contacts }: NodeState): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  const entries = contacts.slice(0, MAX_CONTACTS).map((c) => [hex(c.id), c.host, c.port])
  const next = `${file}.new`
  const handle = await open(next, 'w')
  try {
    await handle.writeFile(JSON.stringify({ id: hex(id), contacts: entries }))
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(next, file)
  await syncDirectory(dirname(file))
}
