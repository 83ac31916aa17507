import type { StoragePath } from '@pubky/protocol'
import type { Pool } from 'pg'
import { refusals } from '../errors.ts'
import { ancestorsOf } from './commit.ts'

interface Row {
  disabled: boolean
  needs_proof: boolean
  exists: boolean
  collides: boolean
}

const CHECK = {
  name: 'precheck',
  text: `select u.disabled, covers_path(u.signed_paths, $2) as needs_proof, e.path is not null as exists,
      e.path is null and coalesce(
        (select 1 from entries a where a.user_id = u.id and a.path = any ($3::text[]) limit 1),
        (select 1 from entries b where b.user_id = u.id and b.path > $2 || '/' and b.path < $2 || '0' limit 1)
      ) is not null as collides
    from users u left join entries e on e.user_id = u.id and e.path = $2
    where u.id = $1`,
}

/** Spares a large body the way when its write cannot succeed. The commit judges again. */
export async function precheckPut(
  pool: Pool,
  o: { userId: string; path: StoragePath; hasProof: boolean; createOnly: boolean },
): Promise<void> {
  const values = [o.userId, o.path, ancestorsOf(o.path)]
  const { rows } = await pool.query<Row>({ ...CHECK, values })
  const [row] = rows
  if (!row) throw refusals.notFound()
  if (row.disabled) throw refusals.userDisabled()
  if (row.needs_proof && !o.hasProof) throw refusals.proofRequired()
  // A repetition of the stored proof comes before every condition; only the commit can tell.
  if (row.exists && o.createOnly && !o.hasProof) throw refusals.exists()
  if (row.collides) throw refusals.collision()
}
