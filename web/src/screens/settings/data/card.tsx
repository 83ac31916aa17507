import type { ReactNode } from 'react'

export function Card({ id, title, text, children }: CardProps) {
  return (
    <section id={id} className="card p-5 sm:p-7">
      <h2 className="mb-2 text-lg">{title}</h2>
      {text ? <p className="mb-4 text-sm text-mute">{text}</p> : null}
      {children}
    </section>
  )
}

interface CardProps {
  /** What links to it name. */
  id?: string
  title: string
  text?: string
  children: ReactNode
}

/** Why something was refused. */
export function Refusal({ children }: { children: ReactNode }) {
  return (
    <p role="alert" className="rounded-md bg-danger-veil p-4 text-sm font-medium text-danger">
      {children}
    </p>
  )
}

interface FactProps {
  name: string
  children: ReactNode
}

/** One line of a report. */
export function Fact({ name, children }: FactProps) {
  return (
    <div className="flex flex-wrap justify-between gap-x-6 gap-y-1 py-2">
      <dt className="text-mute">{name}</dt>
      <dd className="min-w-0 font-medium break-all">{children}</dd>
    </div>
  )
}

interface MeterProps {
  label: string
  done: number
  /** Null while nobody knows. */
  total: number | null
}

/** How far something has come, or how much of a limit is used. */
export function Meter({ label, done, total }: MeterProps) {
  const percent = total ? Math.min(100, (done / total) * 100) : 0
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={total === null ? undefined : Math.round(percent)}
      className="h-2 overflow-hidden rounded-full bg-raised"
    >
      <div
        className="h-full rounded-full bg-brand-text transition-[width]"
        style={{ width: `${percent}%` }}
      />
    </div>
  )
}
