import { useEffect, useRef } from 'react'

/**
 * Called when one of the links in a dialog was followed, or the way back. The path does not tell: a page
 * that was asked for before the dialog opened may still come.
 */
export function useLeave(leave: () => void): void {
  const latest = useRef(leave)
  useEffect(() => {
    latest.current = leave
  })
  useEffect(() => {
    const onClick = ({ target, defaultPrevented }: MouseEvent) => {
      if (defaultPrevented && target instanceof Element && target.closest('dialog a'))
        latest.current()
    }
    const onBack = () => latest.current()
    addEventListener('click', onClick)
    addEventListener('popstate', onBack)
    return () => {
      removeEventListener('click', onClick)
      removeEventListener('popstate', onBack)
    }
  }, [])
}
