'use client'

import { memo, type ReactNode, useCallback, useLayoutEffect, useRef, useState } from 'react'

interface WindowedListProps {
  keys: readonly string[]
  /** The same function each time, so that only items that change are rendered again. */
  render: (key: string, index: number) => ReactNode
  /** Guessed height of an item that was never shown, in pixels. */
  estimate: number
  /** Space between items, in pixels. */
  gap: number
  /** Called when the end comes near. */
  onNearEnd: () => void
}

const BEYOND_PX = 2000
const NEAR_END_PX = 3000
/** Shorter lists are simply shown; this also is what the server renders. */
const ALWAYS = 30

interface ItemProps {
  id: string
  index: number
  render: WindowedListProps['render']
}

const Item = memo(function Item({ id, index, render }: ItemProps) {
  return render(id, index)
})

interface Range {
  from: number
  to: number
}

/**
 * A long list on the window's scroll bar of which only the part near the screen is in the document.
 * Heights are remembered by key, and the browser's scroll anchoring keeps what one reads in place.
 */
export function WindowedList({ keys, render, estimate, gap, onNearEnd }: WindowedListProps) {
  const root = useRef<HTMLDivElement>(null)
  const heights = useRef(new Map<string, number>())
  const [range, setRange] = useState<Range>({ from: 0, to: ALWAYS })
  const state = useRef({ keys, onNearEnd })
  useLayoutEffect(() => {
    state.current = { keys, onNearEnd }
  })

  const heightOf = useCallback(
    (key: string) => (heights.current.get(key) ?? estimate) + gap,
    [estimate, gap],
  )

  const update = useCallback(() => {
    const node = root.current
    if (!node) return
    const { keys } = state.current
    const top = -node.getBoundingClientRect().top
    let y = 0
    let from = 0
    while (from < keys.length && y + heightOf(keys[from] ?? '') < top - BEYOND_PX) {
      y += heightOf(keys[from] ?? '')
      from += 1
    }
    let to = from
    while (to < keys.length && y < top + innerHeight + BEYOND_PX) {
      y += heightOf(keys[to] ?? '')
      to += 1
    }
    // A short list is not windowed, so that nothing is rendered twice while the page starts.
    if (keys.length > ALWAYS)
      setRange((now) => (now.from === from && now.to === to ? now : { from, to }))
    // Who does not scroll yet needs no more than the screen holds.
    const near = scrollY > 0 ? NEAR_END_PX : innerHeight
    if (node.getBoundingClientRect().bottom - innerHeight < near) state.current.onNearEnd()
  }, [heightOf])

  useLayoutEffect(() => {
    let frame = 0
    const soon = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0
        update()
      })
    }
    addEventListener('scroll', soon, { passive: true })
    addEventListener('resize', soon)
    return () => {
      cancelAnimationFrame(frame)
      removeEventListener('scroll', soon)
      removeEventListener('resize', soon)
    }
  }, [update])

  // biome-ignore lint/correctness/useExhaustiveDependencies: other keys, other places.
  useLayoutEffect(update, [keys, update])

  const observer = useRef<ResizeObserver | null>(null)
  const measure = useCallback((node: HTMLElement | null) => {
    if (!node) return
    observer.current ??= new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries)
        if (target instanceof HTMLElement && contentRect.height > 0)
          heights.current.set(target.dataset.key ?? '', contentRect.height)
    })
    const watching = observer.current
    watching.observe(node)
    return () => watching.unobserve(node)
  }, [])

  const all = keys.length <= ALWAYS
  const from = all ? 0 : Math.min(range.from, keys.length)
  const to = all ? keys.length : Math.max(from, Math.min(range.to, keys.length))
  const sum = (some: readonly string[]) => some.reduce((total, key) => total + heightOf(key), 0)
  return (
    <div ref={root}>
      <div style={{ height: sum(keys.slice(0, from)) }} aria-hidden />
      {keys.slice(from, to).map((key, at) => (
        <div key={key} data-key={key} ref={measure} style={{ marginBottom: gap }}>
          <Item id={key} index={from + at} render={render} />
        </div>
      ))}
      <div style={{ height: sum(keys.slice(to)) }} aria-hidden />
    </div>
  )
}
