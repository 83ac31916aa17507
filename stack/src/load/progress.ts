const WIDTH = 28
const EVERY_MS = 80

/** Where progress is shown: a terminal redraws one line, anything else gets a line per tenth. */
export interface Screen {
  write(text: string): unknown
  isTTY?: boolean
}

export interface Progress {
  update(done: number, total: number): void
  /** Leaves the last state standing. */
  end(): void
}

const number = new Intl.NumberFormat('en')

function bar(share: number): string {
  const full = Math.round(share * WIDTH)
  return `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}`
}

export function createProgress(screen: Screen, now: () => number = Date.now): Progress {
  const startedMs = now()
  let first: number | null = null
  let shownMs = 0
  let tenth = 0
  let isOpen = false

  function describe(done: number, total: number): string {
    const seconds = Math.max(0.001, (now() - startedMs) / 1000)
    const rate = Math.round((done - (first ?? done) + 1) / seconds)
    const percent = Math.floor((100 * done) / total)
    return `${String(percent).padStart(3)} %  ${number.format(done)} of ${number.format(total)} objects, ${number.format(rate)}/s`
  }

  return {
    update(done, total) {
      first ??= done
      if (screen.isTTY) {
        if (now() - shownMs < EVERY_MS && done < total) return
        shownMs = now()
        isOpen = true
        screen.write(`\r${bar(done / total)} ${describe(done, total)}\u001B[K`)
        return
      }
      const reached = Math.floor((10 * done) / total)
      if (reached === tenth) return
      tenth = reached
      screen.write(`${describe(done, total)}\n`)
    },
    end() {
      if (isOpen) screen.write('\n')
      isOpen = false
    },
  }
}
