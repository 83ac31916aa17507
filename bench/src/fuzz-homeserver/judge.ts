import type { Pool } from 'pg'
import type { Answer } from './fire.ts'
import type { Shot } from './shot.ts'
import type { Tenant } from './tenants.ts'

/** Sentences about what is not as it should be. */
export type Findings = string[]

const MARK = /MARK-[0-9a-f]{24}/g
/** 507 is a full account; the limits of the run are such that nothing else is overloaded. */
const ALLOWED = new Set([507])
/** One connection whose bytes were mutated may hold so many requests. */
const MOST_REQUESTS = 8

const shown = (bytes: Buffer) => bytes.subarray(0, 1500).toString('latin1')

/** What is wrong with an answer by itself: a failure, or the secret of somebody else. */
export function judgeAnswer(shot: Shot, answer: Answer, tenants: readonly Tenant[]): Findings {
  const findings: Findings = []
  for (const status of answer.statuses)
    if (status >= 500 && !ALLOWED.has(status))
      findings.push(`${status} for ${JSON.stringify(shown(shot.bytes))}`)
  const text = answer.bytes.toString('latin1')
  for (const [mark] of text.matchAll(MARK))
    if (!shot.by.some((tenant) => tenant.mark === mark))
      findings.push(`shows what is private for ${JSON.stringify(shown(shot.bytes))}`)
  for (const tenant of tenants)
    if (!shot.by.includes(tenant) && text.includes(tenant.bearer))
      findings.push(`gives a session away for ${JSON.stringify(shown(shot.bytes))}`)
  if (shot.toAdmin && answer.statuses.some((status) => status >= 200 && status < 300)) {
    // The page and the greeting ask for no password.
    const isOpen = /^(?:GET|HEAD|OPTIONS) \/?(?:health|ready|favicon\.ico|page\/|assets\/|\?| )/
    if (!isOpen.test(shown(shot.bytes))) findings.push(`the admin answers ${shown(shot.bytes)}`)
  }
  if (!shot.isMutated && !answer.isWhole && !shot.isStream)
    findings.push(`no answer for ${JSON.stringify(shown(shot.bytes))}`)
  return findings
}

/** Notes before it is sent what a shot may do at most. */
export function allow(shot: Shot): void {
  const text = shot.bytes.toString('latin1')
  const times = shot.isMutated ? MOST_REQUESTS : 1
  for (const { allowed } of shot.by) {
    if (shot.opens) allowed.signIns += times
    if (/PUT/i.test(text)) {
      allowed.puts += times
      if (shot.isMutated || shot.write === null) allowed.unknownBodies += times
    }
    if (/DELETE/i.test(text)) allowed.deletes += times
  }
}

/** Takes back what an answer shows did not happen; notes what it says did. */
export function settle(shot: Shot, answer: Answer): void {
  if (shot.isMutated || !answer.isWhole || answer.statuses.length !== 1) return
  const [status = 0] = answer.statuses
  const isDone = status >= 200 && status < 300
  const isPut = shot.bytes.toString('latin1', 0, 3) === 'PUT'
  for (const { allowed } of shot.by) {
    if (shot.opens && !isDone) allowed.signIns -= 1
    if (isDone) continue
    // The texts may stand anywhere, so only what the method is is taken back.
    if (isPut) allowed.puts -= 1
    if (isPut && shot.write === null) allowed.unknownBodies -= 1
  }
  if (isDone && shot.write?.method === 'PUT') shot.write.tenant.allowed.stored.add(shot.write.hash)
}

interface EventLine {
  key: string
  kind: number
  hash: string | null
}

/** Every change is one that a request with credentials of its account may have made. */
async function judgeEvents(pool: Pool, tenants: readonly Tenant[], keyHex: Map<string, Tenant>) {
  const findings: Findings = []
  const { rows } = await pool.query<EventLine>(
    `select encode(u.key, 'hex') as key, e.kind, encode(e.hash, 'hex') as hash
     from events e join users u on u.id = e.user_id`,
  )
  const counts = new Map(tenants.map((t) => [t, { puts: 0, deletes: 0, unknown: 0 }]))
  const seen = new Map(tenants.map((t) => [t, new Set<string>()]))
  for (const { key, kind, hash } of rows) {
    const tenant = keyHex.get(key)
    const count = tenant && counts.get(tenant)
    if (!tenant || !count) {
      findings.push(`an event of ${key}, who never wrote`)
      continue
    }
    if (kind === 1) count.deletes += 1
    else count.puts += 1
    if (hash !== null) {
      seen.get(tenant)?.add(hash)
      if (!tenant.allowed.bodies.has(hash)) count.unknown += 1
    }
  }
  for (const [tenant, { puts, deletes, unknown }] of counts) {
    const { allowed, key } = tenant
    const over = (what: string, n: number, most: number) => {
      if (n > most) findings.push(`${key}: ${n} ${what}, at most ${most} were asked for`)
    }
    over('stored', puts, allowed.puts)
    over('deleted', deletes, allowed.deletes)
    over('stored that nobody sent', unknown, allowed.unknownBodies)
    for (const hash of allowed.stored)
      if (!seen.get(tenant)?.has(hash)) findings.push(`${key}: acknowledged ${hash} has no event`)
  }
  return { events: rows.length, findings }
}

/** Entries are what the events say, sizes add up, and only who signed in has sessions. */
async function judgeState(pool: Pool, keyHex: Map<string, Tenant>): Promise<Findings> {
  const findings: Findings = []
  const differing = await pool.query<{ path: string }>(
    `with last as (
       select distinct on (user_id, path) user_id, path, kind, hash from events
       order by user_id, path, id desc
     )
     select coalesce(l.path, e.path) as path
     from (select * from last where kind = 0) l
     full join entries e on e.user_id = l.user_id and e.path = l.path
     where e.hash is distinct from l.hash limit 10`,
  )
  for (const { path } of differing.rows) findings.push(`${path} is not what its last event says`)
  const unproven = await pool.query<{ path: string }>(
    `select e.path from entries e left join events v
       on v.id = e.proof_event and v.user_id = e.user_id and v.path = e.path and v.hash = e.hash
     where e.proof_event is not null and v.proof is null limit 10`,
  )
  for (const { path } of unproven.rows) findings.push(`${path} names no event that proves it`)
  const sizes = await pool.query<{ id: string }>(
    `select u.id from users u left join entries e on e.user_id = u.id group by u.id
     having u.used_bytes <> coalesce(sum(e.size + 256), 0)`,
  )
  for (const { id } of sizes.rows) findings.push(`account ${id}: its usage does not add up`)
  const sessions = await pool.query<{ key: string; n: string }>(
    `select encode(u.key, 'hex') as key, (
       (select count(*) from sessions s where s.user_id = u.id) +
       (select count(*) from grants g where g.user_id = u.id))::text as n
     from users u`,
  )
  for (const { key, n } of sessions.rows) {
    const most = keyHex.get(key)?.allowed.signIns
    if (most !== undefined && Number(n) > most)
      findings.push(`${key}: ${n} sessions, at most ${most} were opened`)
  }
  const { rows: moves } = await pool.query('select 1 from moves where state <> 0')
  if (moves.length > 0) findings.push(`${moves.length} accounts are frozen or moved`)
  return findings
}

/** Everything that is stored about an account, as one text. */
export async function digestOf(pool: Pool, tenant: Tenant, keyHex: string): Promise<string> {
  const tables = ['sessions', 'grants', 'grant_sessions', 'entries', 'proofs', 'events', 'moves']
  const parts = tables.map(
    (table) => `(select coalesce(md5(string_agg(t::text, E'\\n' order by t::text)), '')
       from ${table} t where t.user_id = u.id)`,
  )
  const { rows } = await pool.query<{ digest: string }>(
    `select u::text || ${parts.join(" || ' ' || ")} as digest from users u where key = decode($1, 'hex')`,
    [keyHex],
  )
  const [row] = rows
  if (!row) throw new Error(`${tenant.key} has no account`)
  return row.digest
}

export async function judgeDatabase(
  pool: Pool,
  tenants: readonly Tenant[],
  keyHex: Map<string, Tenant>,
): Promise<{ events: number; findings: Findings }> {
  const { events, findings } = await judgeEvents(pool, tenants, keyHex)
  return { events, findings: [...findings, ...(await judgeState(pool, keyHex))] }
}
