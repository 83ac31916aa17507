/** The mark: a key that is a p. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={className}>
      <path
        fill="currentColor"
        d="M17.2 3C23.7 3 28 7.3 28 13s-4.3 10-10.8 10c-2.3 0-4.2-.6-5.7-1.700V23H14v3.500h-2.500V30H5.500V13C5.5 7.3 10.7 3 17.2 3Zm-.4 5.600c-2.9 0-5.2 1.9-5.2 4.400s2.3 4.4 5.2 4.4 5.2-1.9 5.2-4.4-2.3-4.4-5.2-4.400Z"
      />
    </svg>
  )
}

export function Wordmark() {
  return (
    <span className="inline-flex items-center gap-2 text-[1.35rem] font-bold tracking-[-0.05em]">
      <Mark className="size-7 text-brand-text" />
      <span>pubky</span>
    </span>
  )
}
