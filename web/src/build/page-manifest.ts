const KNOWN = /^(.*?^globalThis\.__RSC_MANIFEST\[".*?"\] = )(\{.*\})(;?\s*)$/ms

interface Changed {
  manifest: string
  /** What Next would have named and written into the HTML. */
  scripts: string[]
  styles: string[]
}

interface Known {
  entryJSFiles: Record<string, string[]>
  entryCSSFiles: Record<string, { content?: string }[]>
}

/** What Next knows of a page, without its scripts and styles, which then are ours to bring. */
export function changeManifest(text: string): Changed {
  const [, start, json = '', end] = KNOWN.exec(text) ?? []
  if (start === undefined) throw new Error('The manifest of a page is of an unknown form.')
  const known: Known = JSON.parse(json)
  const changed = {
    ...known,
    entryCSSFiles: {},
    entryJSFiles: {},
    // Else the server would name the scripts of every component that it renders.
    moduleLoading: null,
  }
  return {
    manifest: start + JSON.stringify(changed) + end,
    scripts: [...new Set(Object.values(known.entryJSFiles).flat())],
    styles: Object.entries(known.entryCSSFiles)
      // The page of last resort has the same once more.
      .filter(([name]) => !name.endsWith('/global-error'))
      .flatMap(([, files]) => files.map(({ content = '' }) => content)),
  }
}
