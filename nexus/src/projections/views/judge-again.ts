import { PROFILE_PATH } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'
import { VERDICTS, type Verdict } from '../../objects/fold.ts'
import { type KeyRules, verdictUnder } from '../../objects/key-rules.ts'
import { kindOfPath } from '../../objects/kind-of-path.ts'
import type { Changes } from './changes.ts'
import { postKeyOf } from './document-rows.ts'
import { lastSegment } from './edge-rows.ts'
import { loadWinners, type WinnerRow } from './object-rows.ts'
import { rowsOf, type Tx } from './sql.ts'

const OBJECTS = `update objects t set verdict = v.verdict
  from unnest($2::text[], $3::smallint[]) as v (path, verdict)
  where t.owner = $1 and t.path = v.path`
const POSTS = `update posts t set verdict = v.verdict
  from unnest($1::text[], $2::smallint[]) as v (key, verdict) where t.key = v.key`
const FILES = `update files t set verdict = v.verdict
  from unnest($2::text[], $3::smallint[]) as v (id, verdict) where t.owner = $1 and t.id = v.id`
const USER = 'update users set verdict = $2 where id = $1 and state > 0'

/** Brings the verdicts on everything of an owner in line with a new policy; nothing else changes. */
export async function judgeAgain(
  tx: Tx,
  changes: Changes,
  owner: PublicKeyZ32,
  rules: KeyRules,
): Promise<void> {
  for await (const winners of loadWinners(tx, owner)) {
    const changed = winners
      .map((winner) => ({ ...winner, now: verdictUnder(rules, winner) }))
      .filter(({ verdict, now }) => verdict !== now)
    await Promise.all(changed.length === 0 ? [] : save(tx, changes, owner, changed))
  }
}

function save(
  tx: Tx,
  changes: Changes,
  owner: PublicKeyZ32,
  changed: readonly (WinnerRow & { now: Verdict })[],
): Promise<unknown>[] {
  const codes = (of: typeof changed) => of.map(({ now }) => VERDICTS.indexOf(now))
  const posts = changed.filter(({ path }) => kindOfPath(path) === 'post')
  const files = changed.filter(({ path }) => kindOfPath(path) === 'file')
  const keys = posts.map(postKeyOf)
  for (const key of keys) {
    changes.touched.posts.add(key)
    changes.views.add(key)
  }
  const paths = changed.map(({ path }) => path)
  const ids = files.map(({ path }) => lastSegment(path))
  const writing = [rowsOf(tx, 'judge_objects', OBJECTS, [owner, paths, codes(changed)])]
  if (posts.length > 0) writing.push(rowsOf(tx, 'judge_posts', POSTS, [keys, codes(posts)]))
  if (files.length > 0) writing.push(rowsOf(tx, 'judge_files', FILES, [owner, ids, codes(files)]))
  const profile = changed.find(({ path }) => path === PROFILE_PATH)
  if (profile) {
    changes.people.add(owner)
    writing.push(rowsOf(tx, 'judge_user', USER, [owner, VERDICTS.indexOf(profile.now)]))
  }
  return writing
}
