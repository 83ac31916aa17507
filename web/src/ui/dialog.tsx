'use client'

import { X } from 'lucide-react'
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { useT } from '../i18n/client.tsx'
import { IconButton } from './button.tsx'
import { cx } from './cx.ts'
import { Toaster } from './toast.tsx'

interface DialogProps {
  open: boolean
  /** Called for Esc, the close button and a click beside the dialog; return without closing to refuse. */
  onClose: () => void
  title: string
  /** Says what the dialog is for; read out with the title. */
  description?: string
  children: ReactNode
  /** Buttons, kept in view below the content. */
  footer?: ReactNode
  wide?: boolean
}

function show(dialog: HTMLDialogElement): void {
  dialog.showModal()
  // Only now, because nothing in a closed dialog takes the focus.
  dialog.querySelector<HTMLElement>('[data-autofocus]')?.focus()
}

/** A modal dialog: traps focus, closes by Esc, gives focus back; a sheet from below on a phone. */
export function Dialog(props: DialogProps) {
  const { open, onClose, title, description, children, footer, wide } = props
  const t = useT()
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()

  useEffect(() => {
    const dialog = ref.current
    if (!dialog || !open) return
    const before = document.activeElement
    if (!dialog.open) show(dialog)
    return () => {
      dialog.close()
      if (before instanceof HTMLElement) before.focus({ preventScroll: true })
    }
  }, [open])

  if (!open) return null
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc closes through onCancel; the click is beside the dialog.
    <dialog
      ref={ref}
      data-modal
      aria-labelledby={`${id}-title`}
      aria-describedby={description ? `${id}-about` : undefined}
      onCancel={(event) => {
        if (event.target !== ref.current) return
        event.preventDefault()
        onClose()
      }}
      onClose={({ target }) => {
        // Browsers let nobody refuse twice in a row. What was asked meanwhile belongs on top again.
        if (!(target instanceof HTMLDialogElement) || target !== ref.current || target.open) return
        show(target)
        for (const inner of target.querySelectorAll<HTMLDialogElement>('dialog[open]')) {
          inner.close()
          show(inner)
        }
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose()
      }}
      className={cx(
        'card fixed m-auto max-h-[min(92dvh,60rem)] w-[calc(100vw-2rem)] flex-col overflow-hidden p-0 shadow-pop',
        'animate-rise open:flex max-sm:mb-0 max-sm:w-screen max-sm:max-w-none max-sm:rounded-b-none',
        wide ? 'sm:max-w-3xl' : 'sm:max-w-lg',
      )}
    >
      <header className="flex items-start gap-4 px-6 pt-5 pb-3">
        <div className="min-w-0 grow">
          <h2 id={`${id}-title`} className="text-xl">
            {title}
          </h2>
          {description ? (
            <p id={`${id}-about`} className="mt-1 text-sm text-mute">
              {description}
            </p>
          ) : null}
        </div>
        <IconButton label={t('common.close')} onClick={onClose} className="-me-2">
          <X size={20} aria-hidden />
        </IconButton>
      </header>
      <div className="min-h-0 grow overflow-y-auto px-6 pb-6">{children}</div>
      {footer ? (
        <footer className="flex flex-wrap justify-end gap-2 border-t px-6 py-4">{footer}</footer>
      ) : null}
      <Toaster />
    </dialog>
  )
}
