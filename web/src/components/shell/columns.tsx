import type { ReactNode } from 'react'
import { cx } from '../../ui/cx.ts'
import { WideOnly } from './wide-only.tsx'

interface ColumnsProps {
  /** Filters or a menu; hidden on a phone. */
  start?: ReactNode
  /** People, tags; only where the window has 1280 px or more. */
  end?: ReactNode
  children: ReactNode
}

const WITH_START = 'lg:grid-cols-[11.5rem_minmax(0,1fr)] xl:grid-cols-[12rem_minmax(0,1fr)_17rem]'
const WITHOUT_START = 'xl:grid-cols-[minmax(0,1fr)_17rem]'

const SIDE =
  'hidden lg:sticky lg:top-24 lg:block lg:max-h-[calc(100dvh-7rem)] lg:self-start lg:overflow-y-auto'

/** Three columns on a desktop, the middle one alone on a phone. `children` is the main content. */
export function Columns({ start, end, children }: ColumnsProps) {
  return (
    <div className={cx('grid gap-x-8', start ? WITH_START : WITHOUT_START)}>
      {start ? <div className={SIDE}>{start}</div> : null}
      <main
        className={cx('mx-auto w-full max-w-2xl min-w-0', start ? 'lg:max-w-none' : 'lg:max-w-3xl')}
      >
        {children}
      </main>
      <aside className={`${SIDE} lg:hidden xl:block`}>
        <WideOnly>{end}</WideOnly>
      </aside>
    </div>
  )
}
