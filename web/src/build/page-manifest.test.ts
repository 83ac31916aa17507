import { expect, it } from 'vitest'
import { changeManifest } from './page-manifest.ts'

const START =
  'globalThis.__RSC_MANIFEST = globalThis.__RSC_MANIFEST || {};\nglobalThis.__RSC_MANIFEST["/(app)/x/page"] = '

function manifest(entries: object): string {
  return `${START}${JSON.stringify({ moduleLoading: { prefix: '' }, ...entries })};\n`
}

it('takes scripts and styles out of what Next writes into a page, and leaves the rest', () => {
  const changed = changeManifest(
    manifest({
      clientModules: { a: { chunks: ['/_next/static/chunks/a.js'] } },
      entryJSFiles: {
        layout: ['static/chunks/a.js', 'static/chunks/b.js'],
        page: ['static/chunks/b.js'],
      },
      entryCSSFiles: { layout: [{ path: 'a.css', inlined: true, content: 'p{color:red}' }] },
    }),
  )
  expect(changed.scripts).toEqual(['static/chunks/a.js', 'static/chunks/b.js'])
  expect(changed.styles).toEqual(['p{color:red}'])
  expect(changed.manifest.startsWith(START)).toBe(true)
  expect(JSON.parse(changed.manifest.slice(START.length).replace(/;\s*$/, ''))).toEqual({
    moduleLoading: null,
    clientModules: { a: { chunks: ['/_next/static/chunks/a.js'] } },
    entryJSFiles: {},
    entryCSSFiles: {},
  })
})

it('passes over the styles of the page of last resort, which has them once more', () => {
  const { styles } = changeManifest(
    manifest({
      entryJSFiles: {},
      entryCSSFiles: { 'next/builtin/global-error': [{ path: 'a.css', content: 'p{}' }] },
    }),
  )
  expect(styles).toEqual([])
})

it('stops the build where Next writes something else than it knows', () => {
  expect(() => changeManifest('self.__RSC_MANIFEST = {}')).toThrow(/unknown form/)
})
