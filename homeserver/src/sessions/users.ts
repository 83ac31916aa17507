import { decodeCrockford, encodeCrockford, type PublicKeyZ32 } from '@pubky/protocol'
import { withTransaction } from '@pubky/server-kit'
import type { Context } from '../context.ts'
import { refusals } from '../errors.ts'
import { announceAccount } from '../limits/limits.ts'
import { QUOTA_COLUMNS } from '../limits/quota.ts'
import { keyBytes } from './cookie.ts'
import { findUser } from './resolver.ts'

const TOKEN_LENGTH = 14

/** Whether a text can be a sign-up token; hyphens may stand anywhere (spec/homeserver.md 2.6). */
export function isSignupToken(text: string): boolean {
  if (text.length !== TOKEN_LENGTH) return false
  try {
    decodeCrockford(text.replaceAll('-', ''))
    return true
  } catch {
    return false
  }
}

export function makeSignupToken(random: (bytes: number) => Uint8Array): string {
  // Twelve characters hold sixty bits; seven bytes leave the last four zero.
  const text = encodeCrockford(random(7))
  return [text.slice(0, 4), text.slice(4, 8), text.slice(8, 12)].join('-')
}

/**
 * Creates an account, using up the token where one is asked for. Refuses with the texts of
 * spec/homeserver.md 2.4, in its order. Returns the row id.
 */
export async function signUp(
  ctx: Context,
  user: PublicKeyZ32,
  token: string | null,
): Promise<string> {
  if (await findUser(ctx.pool, user)) throw refusals.userExists()
  const userId = await withTransaction(ctx.pool, async (client) => {
    if (ctx.config.signupMode === 'token_required') {
      if (token === null) throw refusals.tokenRequired()
      const { rows } = await client.query<{ used_at: Date | null }>(
        'select used_at from signup_codes where code = $1 for update',
        [token],
      )
      if (!rows[0]) throw refusals.tokenInvalid()
      if (rows[0].used_at) throw refusals.tokenUsed()
    }
    const { rows } = await client.query<{ id: string }>(
      `insert into users (key, ${QUOTA_COLUMNS})
       select $1, ${QUOTA_COLUMNS} from (select 1) as one left join signup_codes on code = $2
       on conflict do nothing returning id`,
      [keyBytes(user), ctx.config.signupMode === 'token_required' ? token : null],
    )
    const created = rows[0]
    if (!created) throw refusals.userExists()
    if (ctx.config.signupMode === 'token_required')
      await client.query('update signup_codes set used_at = now(), used_by = $2 where code = $1', [
        token,
        keyBytes(user),
      ])
    return created.id
  })
  ctx.metrics.signups.add()
  // The token may have given it a speed of its own.
  if (token !== null) await announceAccount(ctx, userId)
  return userId
}
