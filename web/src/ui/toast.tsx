'use client'

import { X } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import { useT } from '../i18n/client.tsx'
import { IconButton } from './button.tsx'
import { cx } from './cx.ts'

export interface Toast {
  id: number
  tone: 'good' | 'bad'
  text: string
  action?: { label: string; run: () => void } | undefined
}

const MOST = 3
const GOOD_MS = 4000
const BAD_MS = 10_000

let toasts: readonly Toast[] = []
let nextId = 1
const listeners = new Set<() => void>()

function set(next: readonly Toast[]) {
  toasts = next
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

export function Toaster() {
  const t = useT()
  const shown = useSyncExternalStore(
    subscribe,
    () => toasts,
    () => NONE,
  )
  return (
    <div className="pointer-events-none fixed inset-x-0 bottom-20 z-60 grid justify-items-center gap-2 px-4 lg:bottom-6">
      {(['good', 'bad'] as const).map((tone) => (
        <div
          key={tone}
          role={tone === 'good' ? 'status' : 'alert'}
          className="contents"
          aria-live={tone === 'good' ? 'polite' : 'assertive'}
        >
          {shown
            .filter((toast) => toast.tone === tone)
            .map((toast) => (
              <div
                key={toast.id}
                className={cx(
                  'pointer-events-auto flex max-w-[min(92vw,34rem)] animate-rise items-center gap-3 rounded-full py-1.5 ps-5 pe-2 text-sm font-medium shadow-pop',
                  tone === 'good' ? 'bg-fg text-bg' : 'border border-danger bg-surface text-fg',
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
