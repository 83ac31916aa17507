// Finds a Chromium for the browser stories, or installs Debian's when this may be done.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const KNOWN = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

function find() {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH
  const onMac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
  return [...KNOWN, onMac].find((path) => existsSync(path))
}

/** A path of an executable, or null and the reason in `why`. */
export function ensureChromium() {
  const found = find()
  if (found) return { path: found }
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('Installing Chromium for the browser stories …')
    const quiet = { stdio: ['ignore', 'ignore', 'inherit'], timeout: 10 * 60_000 }
    spawnSync('apt-get', ['update', '-qq'], quiet)
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
      ...quiet,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    const installed = find()
    if (installed) return { path: installed }
  }
  return { path: null, why: 'no Chromium was found: install one or set CHROMIUM_PATH' }
}
