// Writes TESTED.md of a folder: which test holds which line of its checklist.json. A test says so by
// a comment right above it: `// covers 11.1.2, 11.3.8a`; a line may also name a file that shows it.
// With `--check` nothing is written; it fails when a table is stale, a comment names no line, or a line
// has neither tests nor a file nor a reason.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(fileURLToPath(import.meta.url), '..', '..')
const FOLDERS = [
  'homeserver/src',
  'packages',
  'http-relay/src',
  'pkdns/src',
  'stack/src',
  'bench/src',
  'e2e/official-sdk',
  'e2e/stories',
]
const TABLES = [
  {
    folder: 'homeserver',
    intro:
      'Behaviour that clients of Pubky homeservers rely on, and the tests that hold it here. Made by',
    sections: {
      11.1: 'From end to end',
      11.2: 'Inside the homeserver',
      11.3: 'Official JavaScript SDK 0.6.0',
      11.4: 'Newest JavaScript SDK',
    },
  },
  {
    folder: 'pkdns',
    intro:
      'What publishing and finding names must do, and the tests and results that show it. Made by',
    sections: {
      4.1: 'Mainline DHT',
      4.2: 'Clients',
      4.3: 'Relay',
      4.4: 'DNS server',
      4.5: 'Publisher',
      4.6: 'Simulator',
      4.7: 'Everything together',
      4.8: 'Figures',
      8.1: 'Behaviour of official programs: keys',
      8.2: 'Signed packets',
      8.3: 'Packets as items of the DHT',
      8.4: 'Client of a relay',
      8.5: 'Client',
      8.6: 'Weighing of answers',
      8.7: 'Endpoints',
      8.8: 'Relay',
      8.9: 'Cache on disk',
      '8.10': 'Building records',
      8.11: 'DHT node',
      8.12: 'DNS server',
      8.13: 'Homeserver and SDK',
      9.1: 'Vectors',
    },
  },
]

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
    else if (
      folder.startsWith('e2e/') ? path.endsWith('.ts') : /(\.test|-contract)\.ts$/.test(path)
    )
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

/** How a line is held: its tests, the file that shows it, or why nothing does. */
function held({ folder }, { id, reason, shown }, tests) {
  if (reason) return `none: ${cell(reason)}`
  const link = (text, file) => `[${cell(text)}](${relative(folder, file).replaceAll('\\', '/')})`
  const links = (tests.get(id) ?? []).map(({ file, title }) => link(title, file))
  return [...links, ...Object.entries(shown ?? {}).map(([file, text]) => link(text, file))].join(
    '<br>',
  )
}

function tableOf(table, lines, tests) {
  const out = [
    '# What is tested',
    '',
    table.intro,
    '`node scripts/tested.mjs` from `checklist.json` and the comments `// covers …` above tests;',
    '`npm run check` fails when a line has no test.',
    '',
  ]
  for (const [section, heading] of Object.entries(table.sections)) {
    out.push(`## ${section} ${heading}`, '', '| Line | Behaviour | Tests |', '|---|---|---|')
    for (const line of lines.filter(({ id }) => id.startsWith(`${section}.`)))
      out.push(`| ${line.id} | ${cell(line.says)} | ${held(table, line, tests)} |`)
    out.push('')
  }
  return out.join('\n')
}

const problems = []
const tests = readMarks(problems)
const ids = new Set()
for (const table of TABLES) {
  const { folder, sections } = table
  const lines = JSON.parse(readFileSync(join(root, folder, 'checklist.json'), 'utf8'))
  for (const { id, says, reason, shown } of lines) {
    if (ids.has(id)) problems.push(`${id} is there twice`)
    ids.add(id)
    if (!Object.keys(sections).some((section) => id.startsWith(`${section}.`)))
      problems.push(`${id} is in no section`)
    const isHeld = tests.has(id) || Object.keys(shown ?? {}).length > 0
    if (!reason && !isHeld) problems.push(`${id} has no test: ${says}`)
    if (reason && isHeld) problems.push(`${id} has tests and a reason for having none`)
    for (const file of Object.keys(shown ?? {}))
      if (!existsSync(join(root, file))) problems.push(`${id} names ${file}, which is not there`)
  }
  const path = join(root, folder, 'TESTED.md')
  const text = tableOf(table, lines, tests)
  if (!process.argv.includes('--check')) writeFileSync(path, text)
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== text)
    problems.push(`${folder}/TESTED.md is stale: run \`node scripts/tested.mjs\``)
}
for (const [id, [test]] of tests)
  if (!ids.has(id)) problems.push(`${test.file}: "${test.title}" covers ${id}, which is no line`)
for (const problem of problems) console.log(problem)
process.exitCode = problems.length === 0 ? 0 : 1
