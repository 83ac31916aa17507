import { cx } from './cx.ts'

export function Spinner({ className }: { className?: string }) {
  return (
    <span
      aria-hidden
      className={cx(
        'inline-block size-[1.1em] animate-turn rounded-full border-2 border-current border-e-transparent',
        className,
      )}
    />
  )
}
