'use client'

import { X } from 'lucide-react'
import { useEffect, useId, useSyncExternalStore } from 'react'
import { useT } from '../i18n/client.tsx'
import { IconButton } from './button.tsx'
import { cx } from './cx.ts'

export interface Toast {
  id: number
  tone: 'good' | 'bad'
  text: string
  action?: { label: string; run: () => void } | undefined
  /** The Toaster that said it, so that no other says it again. */
  saidBy?: string
}

const MOST = 3
const GOOD_MS = 4000
const BAD_MS = 10_000

let toasts: readonly Toast[] = []
let nextId = 1
/** The page's Toaster and those of open dialogs. What lies below the last can be neither seen nor heard. */
let toasters: readonly string[] = []
const listeners = new Set<() => void>()

function set(next: readonly Toast[], shownBy = toasters) {
  toasts = next
  toasters = shownBy
  for (const listener of listeners) listener()
}

function dismiss(id: number) {
  set(toasts.filter((toast) => toast.id !== id))
}

/** Shows a short message at the bottom; at most three at once, the oldest goes first. */
export function showToast(tone: Toast['tone'], text: string, action?: Toast['action']): void {
  const toast = { id: nextId++, tone, text, action }
  set([...toasts.slice(-(MOST - 1)), toast])
  setTimeout(() => dismiss(toast.id), tone === 'good' ? GOOD_MS : BAD_MS)
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const NONE: readonly Toast[] = []
/** Both are live regions. */
const ROLES = { good: 'status', bad: 'alert' } as const

/** Where messages show: one in the page, one in each dialog, of which the topmost has them. */
export function Toaster() {
  const t = useT()
  const id = useId()
  const shown = useSyncExternalStore(
    subscribe,
    () => (toasters.at(-1) === id ? toasts : NONE),
    () => NONE,
  )
  useEffect(() => {
    set(toasts, [...toasters, id])
    return () =>
      set(
        toasts,
        toasters.filter((one) => one !== id),
      )
  }, [id])
  useEffect(() => {
    for (const toast of shown) toast.saidBy ??= id
  }, [shown, id])
  return (
    // Above the sheet that a dialog is on a phone, and not over its fields.
    <div className="pointer-events-none fixed inset-x-0 bottom-20 z-60 grid justify-items-center gap-2 px-4 lg:bottom-6 max-sm:in-[dialog]:top-4 max-sm:in-[dialog]:bottom-auto">
      {(['status', 'alert', undefined] as const).map((role) => (
        <div key={role ?? ''} role={role} className="contents">
          {shown
            .filter(({ tone, saidBy = id }) => role === (saidBy === id ? ROLES[tone] : undefined))
            .map((toast) => (
              <div
                key={toast.id}
                className={cx(
                  'pointer-events-auto flex max-w-[min(92vw,34rem)] animate-rise items-center gap-3 rounded-full py-1.5 ps-5 pe-2 text-sm font-medium shadow-pop',
                  toast.tone === 'good'
                    ? 'bg-fg text-bg'
                    : 'border border-danger bg-surface text-fg',
                )}
              >
                <span className="py-1">{toast.text}</span>
                {toast.action ? (
                  <button
                    type="button"
                    className="touch font-semibold underline underline-offset-4"
                    onClick={() => {
                      toast.action?.run()
                      dismiss(toast.id)
                    }}
                  >
                    {toast.action.label}
                  </button>
                ) : null}
                <IconButton
                  label={t('common.dismiss')}
                  onClick={() => dismiss(toast.id)}
                  className="size-7 text-current! hover:bg-transparent"
                >
                  <X size={16} aria-hidden />
                </IconButton>
              </div>
            ))}
        </div>
      ))}
    </div>
  )
}
