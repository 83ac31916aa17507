import { Check } from 'lucide-react'
import { cx } from './cx.ts'
import { Spinner } from './spinner.tsx'

/** What is done one after the other: ticked, going on, still to come. At the end `at` is the length. */
export function StepList(props: { steps: readonly string[]; at: number; label?: string }) {
  const { steps, at, label } = props
  return (
    <ol aria-live="polite" aria-label={label} className="grid gap-2.5 text-sm">
      {steps.map((name, index) => (
        <li
          key={name}
          aria-current={index === at ? 'step' : undefined}
          className={cx('flex items-center gap-3', index > at ? 'text-mute' : 'text-fg')}
        >
          <span className="grid size-5 shrink-0 place-items-center text-brand-text">
            {index < at ? (
              <Check size={17} strokeWidth={3} aria-hidden />
            ) : index === at ? (
              <Spinner />
            ) : null}
          </span>
          {name}
        </li>
      ))}
    </ol>
  )
}
