import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react'
import { cx } from './cx.ts'
import { Spinner } from './spinner.tsx'

export type ButtonLook = 'brand' | 'solid' | 'outline' | 'quiet' | 'danger'
export type ButtonSize = 'sm' | 'md' | 'lg'

const LOOKS: Record<ButtonLook, string> = {
  brand: 'bg-brand text-on-brand hover:brightness-95 active:brightness-90',
  solid: 'bg-fg text-bg hover:opacity-90',
  outline: 'border border-line-strong text-fg hover:bg-raised',
  quiet: 'text-soft hover:bg-raised hover:text-fg',
  danger: 'bg-danger-veil text-danger hover:brightness-110',
}

const SIZES: Record<ButtonSize, string> = {
  sm: 'h-8 px-3.5 text-sm gap-1.5',
  md: 'h-10 px-5 text-sm gap-2',
  lg: 'h-13 px-7 text-base gap-2.5',
}

/** Classes of a button, for links that look like one. */
export function buttonClass(look: ButtonLook = 'solid', size: ButtonSize = 'md'): string {
  return cx(
    'touch inline-flex shrink-0 items-center justify-center rounded-full font-semibold select-none',
    'transition-[background-color,filter,opacity,transform] duration-150 active:scale-[0.98]',
    'disabled:opacity-45 disabled:pointer-events-none aria-disabled:opacity-45',
    LOOKS[look],
    SIZES[size],
  )
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: ButtonLook
  size?: ButtonSize
  busy?: boolean
  icon?: ReactNode
  ref?: Ref<HTMLButtonElement>
}

export function Button({ look, size, busy, icon, className, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-busy={busy || undefined}
      disabled={rest.disabled || busy}
      className={cx(buttonClass(look, size), className)}
    >
      {busy ? <Spinner /> : icon}
      {children}
    </button>
  )
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** The name for screen readers and the tooltip. */
  label: string
  ref?: Ref<HTMLButtonElement>
}

/** A round button that shows an icon only; the name is in `label`. */
export function IconButton({ label, className, children, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      title={label}
      {...rest}
      aria-label={label}
      className={cx(
        'touch inline-flex size-9 shrink-0 items-center justify-center rounded-full text-mute',
        'transition-colors hover:bg-raised hover:text-fg disabled:opacity-40',
        className,
      )}
    >
      {children}
    </button>
  )
}
