const KEY = 'pubky-shortcuts'
const HELP = 'pubky-shortcut-help'

/** Whether keys do anything but help, on this device. */
export function hasShortcuts(): boolean {
  return localStorage.getItem(KEY) !== 'off'
}

export function setShortcuts(on: boolean): void {
  if (on) localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, 'off')
}

export function onShortcutHelp(listener: () => void): () => void {
  addEventListener(HELP, listener)
  return () => removeEventListener(HELP, listener)
}

/** Opens the list of keys. */
export function askForShortcutHelp(): void {
  dispatchEvent(new Event(HELP))
}
