// Writes homeserver/TESTED.md: which test holds which line of homeserver/checklist.json. A test says
// so by a comment right above it: `// covers 11.1.2, 11.3.8a`. With `--check` nothing is written; it
// fails when the table is stale, a comment names no line, or a line has neither tests nor a reason.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(fileURLToPath(import.meta.url), '..', '..')
const TABLE = join(root, 'homeserver/TESTED.md')
const FOLDERS = ['homeserver/src', 'packages', 'http-relay/src', 'pkdns/src', 'e2e/official-sdk']
const SECTIONS = {
  11.1: 'From end to end',
  11.2: 'Inside the homeserver',
  11.3: 'Official JavaScript SDK 0.6.0',
  11.4: 'Newest JavaScript SDK',
}

const MARK = /^[ \t]*\/\/ covers (.+)\n/gm
/** A test that runs: neither skipped nor a group. */
const TEST = /^[ \t]*(?:test|it)(\.each)?\(/
const GROUP = /^[ \t]*describe(\.each)?\(/
const TITLE = /^\s*(['"`])((?:\\.|(?!\1).)*)\1/s

const byName = (a, b) => (a.name < b.name ? -1 : 1)

function* testFiles(folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true })
  for (const entry of entries.sort(byName)) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory() && entry.name !== 'node_modules') yield* testFiles(path)
    else if (folder.startsWith('e2e/') ? path.endsWith('.ts') : path.endsWith('.test.ts'))
      yield path
  }
}

/** The title of the test or group that begins `text`, or null. */
function titleOf(text, kind) {
  const [call, each] = kind.exec(text) ?? []
  if (!call) return null
  const rest = text.slice(call.length)
  if (!each) return TITLE.exec(rest)?.[2] ?? null
  // The table of cases ends where the second pair of brackets begins.
  const at = /\)\(\s*(?=['"`])/.exec(rest)
  return at ? (TITLE.exec(rest.slice(at.index + at[0].length))?.[2] ?? null) : null
}

/** The title of the group that a line with this much indentation at `end` lies in, or ''. */
function groupAt(text, end, indentation) {
  const before = text.slice(0, end)
  for (const start of [...before.matchAll(/^[ \t]*describe[.(]/gm)].reverse())
    if (start[0].search(/\S/) < indentation) return titleOf(text.slice(start.index), GROUP) ?? ''
  return ''
}

/** Which tests name which line. */
function readMarks(problems) {
  const tests = new Map()
  for (const folder of FOLDERS)
    for (const file of testFiles(folder)) {
      const text = readFileSync(join(root, file), 'utf8')
      for (const mark of text.matchAll(MARK)) {
        const own = titleOf(text.slice(mark.index + mark[0].length), TEST)
        if (own === null) problems.push(`${file}: no test below "${mark[0].trim()}"`)
        const group = groupAt(text, mark.index, mark[0].search(/\S/))
        const title = group === '' ? own : `${group}: ${own}`
        for (const id of mark[1].split(',').map((one) => one.trim()))
          tests.set(id, [...(tests.get(id) ?? []), { file, title }])
      }
    }
  return tests
}

const cell = (text) => text.replaceAll('\\', '').replaceAll('|', '\\|')

function tableOf(lines, tests) {
  const out = [
    '# What is tested',
    '',
    'Behaviour that clients of Pubky homeservers rely on, and the tests that hold it here. Made by',
    '`node scripts/tested.mjs` from `checklist.json` and the comments `// covers …` above tests;',
    '`npm run check` fails when a line has no test.',
    '',
  ]
  for (const [section, heading] of Object.entries(SECTIONS)) {
    out.push(`## ${section} ${heading}`, '', '| Line | Behaviour | Tests |', '|---|---|---|')
    for (const { id, says, reason } of lines.filter((line) => line.id.startsWith(`${section}.`))) {
      const links = (tests.get(id) ?? []).map(
        ({ file, title }) =>
          `[${cell(title)}](${relative('homeserver', file).replaceAll('\\', '/')})`,
      )
      out.push(
        `| ${id} | ${cell(says)} | ${reason ? `none: ${cell(reason)}` : links.join('<br>')} |`,
      )
    }
    out.push('')
  }
  return out.join('\n')
}

const lines = JSON.parse(readFileSync(join(root, 'homeserver/checklist.json'), 'utf8'))
const problems = []
const tests = readMarks(problems)
const ids = new Set(lines.map(({ id }) => id))
if (ids.size !== lines.length) problems.push('checklist.json has a line twice')
for (const [id, [test]] of tests)
  if (!ids.has(id)) problems.push(`${test.file}: "${test.title}" covers ${id}, which is no line`)
for (const { id, says, reason } of lines) {
  if (!reason && !tests.has(id)) problems.push(`${id} has no test: ${says}`)
  if (reason && tests.has(id)) problems.push(`${id} has tests and a reason for having none`)
}
const table = tableOf(lines, tests)
if (process.argv.includes('--check')) {
  if (readFileSync(TABLE, 'utf8') !== table)
    problems.push('homeserver/TESTED.md is stale: run `node scripts/tested.mjs`')
} else writeFileSync(TABLE, table)
for (const problem of problems) console.log(problem)
process.exitCode = problems.length === 0 ? 0 : 1
