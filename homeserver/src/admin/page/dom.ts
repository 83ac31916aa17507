type Child = Node | string | null | false
type Props = Record<string, string | boolean | ((event: Event) => void)>

function apply(element: Element, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name, value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false) element.setAttribute(name, value)
  }
}

function children(element: Element, parts: readonly Child[]): void {
  for (const part of parts) if (part !== null && part !== false) element.append(part)
}

/** An element with attributes, listeners (functions, by the name of the event) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...parts: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  apply(element, props)
  children(element, parts)
  return element
}

export function svg(tag: string, props: Props = {}, ...parts: Child[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  apply(element, props)
  children(element, parts)
  return element
}

const NOTE_MS = 4000

/** Says in passing that something was done, or why it was not. */
export function note(text: string, kind: 'done' | 'failed' = 'done'): void {
  const line = h('p', { class: `note ${kind}` }, text)
  document.getElementById('notes')?.append(line)
  setTimeout(() => line.remove(), kind === 'done' ? NOTE_MS : NOTE_MS * 2)
}

export function why(error: unknown): string {
  if (error instanceof TypeError) return 'The server cannot be reached.'
  return error instanceof Error ? error.message : String(error)
}

/** A button that copies a text. */
export function copyButton(text: string, label: string): HTMLButtonElement {
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => note('Copied.'),
      () => note('The browser did not let us copy.', 'failed'),
    )
  return h(
    'button',
    { type: 'button', class: 'icon', 'aria-label': label, title: label, click: () => void copy() },
    icon('copy'),
  )
}

const ICONS = {
  copy: 'M9 9h10v10H9zM5 15V5h10',
  more: 'M12 6v.01M12 12v.01M12 18v.01',
  close: 'M6 6l12 12M18 6L6 18',
  ok: 'M5 12.500l4.500 4.500L19 7.500',
  wait: 'M12 4v8l5 4',
  bad: 'M12 7v6M12 16.500v.01',
} as const

export function icon(name: keyof typeof ICONS): SVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 24 24', class: 'glyph', 'aria-hidden': 'true' },
    svg('path', { d: ICONS[name] }),
  )
}
