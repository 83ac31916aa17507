'use client'

import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react'
import { IconButton } from './button.tsx'
import { cx } from './cx.ts'

export interface MenuItem {
  key: string
  label: string
  icon?: ReactNode
  danger?: boolean
  disabled?: boolean
  onSelect: () => void
}

interface MenuProps {
  /** Name of the button that opens the menu. */
  label: string
  button: ReactNode
  /** Asked for when the menu opens. */
  items: () => readonly MenuItem[]
  className?: string
  /** Not a sheet on a phone: for bars, in which nothing can be fixed to the window. */
  hanging?: boolean
}

/** A button with a menu: arrow keys, Home, End, first letters, Esc; a sheet from below on a phone. */
export function Menu({ label, button, items, className, hanging = false }: MenuProps) {
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const trigger = useRef<HTMLButtonElement>(null)
  const id = useId()

  const close = useCallback((refocus: boolean) => {
    setOpen(false)
    if (refocus) trigger.current?.focus({ preventScroll: true })
  }, [])

  useEffect(() => {
    if (!open) return
    list.current?.querySelector<HTMLElement>('[role="menuitem"]:not(:disabled)')?.focus()
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) close(false)
    }
    document.addEventListener('pointerdown', outside)
    return () => document.removeEventListener('pointerdown', outside)
  }, [open, close])

  function onKeyDown(event: KeyboardEvent) {
    const nodes = [...(list.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])]
    const at = nodes.indexOf(document.activeElement as HTMLElement)
    const go = (to: number) => {
      event.preventDefault()
      nodes.at(to % nodes.length)?.focus()
    }
    if (event.key === 'ArrowDown') go(at + 1)
    else if (event.key === 'ArrowUp') go(at - 1)
    else if (event.key === 'Home') go(0)
    else if (event.key === 'End') go(-1)
    else if (event.key === 'Tab') close(false)
    else if (event.key === 'Escape') {
      event.stopPropagation()
      event.preventDefault()
      close(true)
    } else if (event.key.length === 1) {
      const letter = event.key.toLocaleLowerCase()
      const from = nodes.slice(at + 1).concat(nodes.slice(0, at + 1))
      from.find((node) => node.textContent?.toLocaleLowerCase().startsWith(letter))?.focus()
    }
  }

  return (
    <div ref={root} className={cx('relative', className)}>
      <IconButton
        ref={trigger}
        label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        {button}
      </IconButton>
      {open ? (
        <>
          {hanging ? null : <div className="fixed inset-0 z-50 bg-shade sm:hidden" aria-hidden />}
          <div
            ref={list}
            id={id}
            role="menu"
            tabIndex={-1}
            aria-label={label}
            onKeyDown={onKeyDown}
            className={cx(
              'z-50 min-w-60 animate-rise border bg-surface p-1.5 shadow-pop',
              hanging
                ? 'absolute end-0 top-full mt-1 rounded-lg'
                : 'max-sm:fixed max-sm:inset-x-0 max-sm:bottom-0 max-sm:rounded-t-xl max-sm:pb-8 sm:absolute sm:end-0 sm:top-full sm:mt-1 sm:rounded-lg',
            )}
          >
            {items().map((item) => (
              <button
                key={item.key}
                type="button"
                role="menuitem"
                tabIndex={-1}
                disabled={item.disabled}
                onClick={() => {
                  close(true)
                  item.onSelect()
                }}
                className={cx(
                  'flex min-h-11 w-full items-center gap-3 rounded-md px-3 text-start text-sm font-medium sm:min-h-10',
                  'hover:bg-raised focus-visible:bg-raised focus-visible:outline-offset-[-2px] disabled:opacity-40',
                  item.danger ? 'text-danger' : 'text-fg',
                )}
              >
                {item.icon ? <span className="text-mute">{item.icon}</span> : null}
                {item.label}
              </button>
            ))}
          </div>
        </>
      ) : null}
    </div>
  )
}
