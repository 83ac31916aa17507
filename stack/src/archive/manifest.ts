import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { DATA_VERSION } from '../data-folder.ts'
import { StackError } from '../errors.ts'

/** The format of archives; readers refuse a newer one. */
export const ARCHIVE_FORMAT = 1

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(63))
const file = v.pipe(v.string(), v.regex(/^db\/[a-z]+\/\d{4}\.copy$/))

const databaseSchema = v.object({
  migrations: v.array(v.object({ name: v.string(), checksum: v.string() })),
  tables: v.array(v.object({ schema: name, table: name, columns: v.array(name), file })),
  sequences: v.array(
    v.object({
      schema: name,
      sequence: name,
      value: v.pipe(v.string(), v.regex(/^-?\d+$/)),
      isCalled: v.boolean(),
    }),
  ),
})

const manifestSchema = v.object({
  format: v.pipe(v.number(), v.integer()),
  dataVersion: v.pipe(v.number(), v.integer()),
  createdAt: v.string(),
  databases: v.object({ homeserver: databaseSchema, nexus: databaseSchema }),
})

export type DatabaseManifest = v.InferOutput<typeof databaseSchema>
export type Manifest = v.InferOutput<typeof manifestSchema>

/** Reads the manifest of an extracted archive; `archive_invalid` or `archive_newer`. */
export async function readManifest(path: string): Promise<Manifest> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new StackError('archive_invalid', 'The file is no backup of Pubky.', cause)
  }
  const { format } = v.parse(v.looseObject({ format: v.fallback(v.number(), 0) }), json)
  if (format > ARCHIVE_FORMAT)
    throw new StackError(
      'archive_newer',
      'The backup was made by a newer version: update the program.',
    )
  const parsed = v.safeParse(manifestSchema, json)
  if (!parsed.success)
    throw new StackError('archive_invalid', 'The table of contents of the backup is damaged.')
  if (parsed.output.dataVersion > DATA_VERSION)
    throw new StackError(
      'archive_newer',
      'The backup was made by a newer version: update the program.',
    )
  return parsed.output
}
