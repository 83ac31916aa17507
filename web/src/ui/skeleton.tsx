import { cx } from './cx.ts'

export function Skeleton({ className }: { className?: string }) {
  return (
    <span
      aria-hidden
      className={cx(
        'block animate-pulse-soft bg-raised',
        !className?.includes('rounded') && 'rounded-sm',
        className,
      )}
    />
  )
}

/** Stands in for a post while it loads; as high as a short one. */
export function PostSkeleton() {
  return (
    <div aria-hidden className="card p-5 sm:p-6">
      <div className="flex items-center gap-3">
        <Skeleton className="size-11 rounded-full" />
        <div className="grow space-y-2">
          <Skeleton className="h-4 w-36" />
          <Skeleton className="h-3 w-20" />
        </div>
      </div>
      <Skeleton className="mt-5 h-4 w-full" />
      <Skeleton className="mt-2.5 h-4 w-3/5" />
      <div className="mt-6 flex gap-2">
        <Skeleton className="h-7 w-20 rounded-full" />
        <Skeleton className="h-7 w-16 rounded-full" />
      </div>
    </div>
  )
}

export function UserSkeleton() {
  return (
    <div aria-hidden className="flex items-center gap-3 py-2">
      <Skeleton className="size-10 rounded-full" />
      <div className="grow space-y-2">
        <Skeleton className="h-3.5 w-28" />
        <Skeleton className="h-3 w-20" />
      </div>
    </div>
  )
}
