import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
/** Everything that shares the connections of Nexus. */
const FOLDERS = ['nexus/src', 'packages/indexer/src']

/** How a statement gets its name, and the constant that holds it. */
const NAMINGS = [
  {
    pattern: /\bname:\s*(['`])([^'`]+)\1,\s*(?:text:\s*(\w+)|text\b|values\b)/g,
    of: (name: string) => name,
  },
  {
    pattern: /\browsOf(?:<[^()]*?>)?\(\s*tx,\s*(['`])([^'`]+)\1,\s*(\w+)/g,
    of: (name: string) => `views_${name}`,
  },
  { pattern: /\bupsert\((['`])(\w+)\1/g, of: (table: string) => `views_upsert_${table}` },
  { pattern: /\bremove\((['`])(\w+)\1/g, of: (table: string) => `views_delete_${table}` },
]
/** The helpers that make the names above. */
const HELPER = /^name: `views_(?:upsert_|delete_)?\$/

function sources(): { file: string; text: string }[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(file))
      .map((file) => ({ file, text: readFileSync(join(ROOT, folder, file), 'utf8') })),
  )
}

interface Named {
  /** A `*` stands for what is put in at run time. */
  name: string
  /** Says which statement it is, as far as one can see. */
  statement: string
}

function namesIn({ file, text }: { file: string; text: string }): Named[] {
  return NAMINGS.flatMap(({ pattern, of }) =>
    [...text.matchAll(pattern)]
      .filter(([found]) => !HELPER.test(found))
      .map(({ 2: name = '', 3: constant, index }) => ({
        name: of(name.replace(/\$\{[^}]*\}/g, '*')),
        statement: `${file}:${constant ?? index}`,
      })),
  )
}

/** Pairs of places that could give different statements the same name. */
function clashes(all: readonly { file: string; text: string }[]): string[] {
  const named = all.flatMap(namesIn)
  return named.flatMap((a, index) =>
    named
      .slice(index + 1)
      .filter((b) => a.statement !== b.statement)
      .filter((b) => matches(a.name, b.name) || matches(b.name, a.name))
      .map((b) => `${a.name} of ${a.statement} and ${b.name} of ${b.statement}`),
  )
}

function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[^\w]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(name)
}

it('gives no two statements the same name, because connections are shared', () => {
  const all = sources()
  expect(all.flatMap(namesIn).length).toBeGreaterThan(40)
  expect(clashes(all)).toEqual([])
})

it('would notice a clash, also with a name that is made at run time', () => {
  const one = { file: 'one.ts', text: "pool.query({ name: 'views_count_posts', text: A })" }
  const two = { file: 'two.ts', text: `rowsOf<Row>(tx, \`count_$\{group}\`, SQL, [])` }
  const three = { file: 'three.ts', text: "rowsOf(tx, 'count_posts', SQL, [])" }
  expect(clashes([one, two])).toHaveLength(1)
  expect(clashes([one, three])).toHaveLength(1)
  expect(clashes([three])).toEqual([])
})
