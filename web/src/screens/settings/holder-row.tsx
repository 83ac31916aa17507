import type { ReactNode } from 'react'

interface HolderRowProps {
  icon: ReactNode
  name: string
  badge?: ReactNode
  /** Below the name. */
  about?: ReactNode
  /** Cells of `HolderFact`. */
  facts?: ReactNode
  action?: ReactNode
  note?: ReactNode
}

/** Somebody who may do something for a person: a browser, an app, a key. */
export function HolderRow({ icon, name, badge, about, facts, action, note }: HolderRowProps) {
  return (
    <li className="grid grid-cols-[auto_1fr] gap-x-4 py-5 sm:grid-cols-[auto_1fr_auto]">
      <span className="grid size-10 place-items-center rounded-full bg-raised text-soft">
        {icon}
      </span>
      <div className="min-w-0">
        <h3 className="flex flex-wrap items-center gap-x-2.5 gap-y-1 text-base">
          <span className="min-w-0 wrap-anywhere">
            <bdi>{name}</bdi>
          </span>
          {badge}
        </h3>
        {about}
      </div>
      {facts ? (
        <dl className="col-start-2 mt-3 grid grid-cols-2 gap-x-4 gap-y-2.5 text-xs sm:col-end-4 md:grid-cols-4">
          {facts}
        </dl>
      ) : null}
      {note ? <div className="col-start-2 mt-3 text-xs sm:col-end-4">{note}</div> : null}
      {action ? (
        <div className="col-start-2 mt-4 sm:col-start-3 sm:row-start-1 sm:mt-0">{action}</div>
      ) : null}
    </li>
  )
}

export function HolderFact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-mute">{name}</dt>
      <dd className="font-medium">{children}</dd>
    </div>
  )
}

/** `bad` for what no longer holds. */
export function Badge({ bad, children }: { bad?: boolean; children: ReactNode }) {
  const colour = bad ? 'bg-danger-veil text-danger' : 'bg-brand-veil text-brand-text'
  return (
    <span className={`rounded-full px-2.5 py-0.5 text-xs font-semibold ${colour}`}>{children}</span>
  )
}
