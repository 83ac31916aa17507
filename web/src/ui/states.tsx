import type { ReactNode } from 'react'

interface StateProps {
  icon?: ReactNode
  title: string
  children?: ReactNode
  /** What one can do now. */
  action?: ReactNode
}

function State({ icon, title, children, action, role }: StateProps & { role?: 'alert' }) {
  return (
    <div role={role} className="card flex flex-col items-center px-6 py-14 text-center">
      {icon ? (
        <div className="mb-5 grid size-16 place-items-center rounded-full bg-brand-veil text-brand-text">
          {icon}
        </div>
      ) : null}
      <h2 className="text-xl">{title}</h2>
      {children ? <div className="mt-2 max-w-[44ch] text-sm text-mute">{children}</div> : null}
      {action ? <div className="mt-6 flex flex-wrap justify-center gap-2">{action}</div> : null}
    </div>
  )
}

/** Nothing is here, and that is fine: says why and what to do. */
export function EmptyState(props: StateProps) {
  return <State {...props} />
}

/** Something failed: says what, with a way to try again. */
export function ErrorState(props: StateProps) {
  return <State {...props} role="alert" />
}
