import { useEffect, useState } from 'react'
import { type Draft, listDrafts, subscribeDrafts } from '../drafts.ts'

/** The drafts of a person, newest first; undefined while they are read. */
export function useDrafts(user: string | null): readonly Draft[] | undefined {
  const [drafts, setDrafts] = useState<readonly Draft[]>()
  useEffect(() => {
    if (user === null) return
    let gone = false
    const look = () => {
      listDrafts(user).then(
        (found) => gone || setDrafts(found),
        () => gone || setDrafts([]),
      )
    }
    look()
    const stop = subscribeDrafts((change) => change.user === user && look())
    return () => {
      gone = true
      stop()
    }
  }, [user])
  return drafts
}
