-- Accounts. used_bytes is the sum of the sizes of the account's entries.
create table users (
  id bigint generated always as identity primary key,
  key bytea not null unique check (length(key) = 32),
  disabled boolean not null default false,
  used_bytes bigint not null default 0,
  created_at timestamptz not null default now()
);

-- Tokens that allow one sign-up each.
create table signup_codes (
  code text collate "C" primary key,
  created_at timestamptz not null default now(),
  used_at timestamptz,
  used_by bytea
);

-- Cookie sessions: the SHA-256 of the cookie's value, and the web origin it may be used from
-- ('' for clients that send no Origin). One cookie may stand for sessions of several origins.
create table sessions (
  id bigint generated always as identity primary key,
  secret_hash bytea not null,
  origin text collate "C" not null default '',
  user_id bigint not null references users on delete cascade,
  capabilities text not null,
  created_at timestamptz not null default now(),
  unique (secret_hash, origin)
);
create index sessions_by_user on sessions (user_id);

-- Times are in seconds since the epoch, as the grant says them.
create table grants (
  user_id bigint not null references users on delete cascade,
  id text collate "C" not null,
  client_id text not null,
  client_key bytea not null check (length(client_key) = 32),
  capabilities text not null,
  issued_at bigint not null,
  expires_at bigint not null,
  revoked_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (user_id, id)
);
create index grants_by_id on grants (id);

-- One live bearer for each grant: the SHA-256 of its 43 characters.
create table grant_sessions (
  token_hash bytea primary key,
  user_id bigint not null,
  grant_id text collate "C" not null,
  expires_at bigint not null,
  unique (user_id, grant_id),
  foreign key (user_id, grant_id) references grants on delete cascade
);

-- What may be used once, kept for as long as it could be used again.
create table pop_nonces (
  nonce text collate "C" primary key,
  created_at timestamptz not null default now()
);
create index pop_nonces_by_age on pop_nonces (created_at);
create table used_tokens (
  key bytea not null,
  ts_micros bigint not null,
  created_at timestamptz not null default now(),
  primary key (key, ts_micros)
);
create index used_tokens_by_age on used_tokens (created_at);

-- Files. A body lies in the row or in the blob store.
create table entries (
  user_id bigint not null references users on delete cascade,
  path text collate "C" not null,
  hash bytea not null check (length(hash) = 32),
  size bigint not null,
  content_type text not null,
  modified_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  inline bytea,
  blob_key text collate "C",
  check ((inline is null) <> (blob_key is null)),
  primary key (user_id, path)
);
create index entries_by_blob on entries (blob_key) where blob_key is not null;

-- The newest proof ever accepted for a path. It outlives the entry; bytes is null once an unsigned
-- write followed, ts_micros stays.
create table proofs (
  user_id bigint not null references users on delete cascade,
  path text collate "C" not null,
  action smallint not null check (action in (1, 2)), -- 1 PUT, 2 DELETE
  ts_micros bigint not null,
  bytes bytea,
  primary key (user_id, path)
);

-- One row for each acknowledged change. Ids become visible in order, because every writer holds
-- the advisory lock 0x6576656e74730000 until it commits. Numbers may be skipped.
create table events (
  id bigint generated always as identity primary key,
  user_id bigint not null references users on delete cascade,
  kind smallint not null check (kind in (0, 1)), -- 0 PUT, 1 DEL
  path text collate "C" not null,
  hash bytea,
  proof bytea,
  created_at timestamptz not null default now()
);
create index events_by_user on events (user_id, id);
create index events_public on events (id) where path >= '/pub/' and path < '/pub0';
create index events_by_time on events using brin (created_at);

-- Blobs that no entry names any more, until they are deleted.
create table orphan_candidates (
  blob_key text collate "C" primary key,
  since timestamptz not null default now()
);

-- Commits a batch of writes, at most one for each path and none below another, and tells each
-- one's outcome: 0 applied, 1 the same proof as stored, 2 an older proof, 3 exists already,
-- 4 not found, 5 file and folder collide, 6 the user is disabled.
create function commit_writes(
  _users bigint[],
  _paths text[],
  _kinds smallint[],
  _hashes bytea[],
  _sizes bigint[],
  _types text[],
  _inlines bytea[],
  _blobs text[],
  _proof_ts bigint[],
  _proofs bytea[],
  _create_only boolean[],
  _ancestor_ords int[],
  _ancestors text[]
) returns table (ord int, outcome smallint, event_id bigint, proof_ts bigint, old_blob text)
language plpgsql as $$
begin
  perform pg_advisory_xact_lock(x'6576656e74730000'::bigint);
  return query
  with w as (
    select (t.n)::int as ord, t.*
    from unnest(_users, _paths, _kinds, _hashes, _sizes, _types, _inlines, _blobs, _proof_ts, _proofs, _create_only)
      with ordinality as t (user_id, path, kind, hash, size, content_type, inline, blob_key, proof_ts, proof, create_only, n)
  ),
  ancestors as (
    select distinct a.ord
    from unnest(_ancestor_ords, _ancestors) as a (ord, path)
    join w on w.ord = a.ord
    join entries e on e.user_id = w.user_id and e.path = a.path
  ),
  judged as (
    select w.*, e.size as old_size, e.blob_key as old_blob_key, p.ts_micros as stored_ts,
      (case
        when p.bytes is not null and w.proof = p.bytes then 1
        when w.proof_ts <= p.ts_micros then 2
        when w.kind = 1 and e.path is null then 4
        when w.kind = 0 and u.disabled then 6
        when w.create_only and e.path is not null then 3
        when w.kind = 0 and e.path is null and (
          exists (select from ancestors a where a.ord = w.ord)
          or exists (
            select from entries below
            where below.user_id = w.user_id and below.path > w.path || '/' and below.path < w.path || '0'
          )
        ) then 5
        else 0
      end)::smallint as verdict
    from w
    join users u on u.id = w.user_id
    left join entries e on e.user_id = w.user_id and e.path = w.path
    left join proofs p on p.user_id = w.user_id and p.path = w.path
  ),
  good as (select * from judged where judged.verdict = 0),
  put as (
    insert into entries (user_id, path, hash, size, content_type, inline, blob_key)
    select g.user_id, g.path, g.hash, g.size, g.content_type, g.inline, g.blob_key from good g where g.kind = 0
    on conflict (user_id, path) do update set
      hash = excluded.hash, size = excluded.size, content_type = excluded.content_type,
      inline = excluded.inline, blob_key = excluded.blob_key, modified_at = now()
    returning 1
  ),
  del as (
    delete from entries e using good g
    where g.kind = 1 and e.user_id = g.user_id and e.path = g.path
    returning 1
  ),
  signed as (
    insert into proofs (user_id, path, action, ts_micros, bytes)
    select g.user_id, g.path, g.kind + 1, g.proof_ts, g.proof from good g where g.proof is not null
    on conflict (user_id, path) do update set
      action = excluded.action, ts_micros = excluded.ts_micros, bytes = excluded.bytes
    returning 1
  ),
  unsigned as (
    update proofs p set bytes = null from good g
    where g.proof is null and p.user_id = g.user_id and p.path = g.path
    returning 1
  ),
  logged as (
    insert into events (user_id, kind, path, hash, proof)
    select g.user_id, g.kind, g.path, g.hash, g.proof from good g order by g.ord
    returning events.id, events.user_id, events.path
  ),
  used as (
    update users u set used_bytes = u.used_bytes + d.delta
    from (
      select g.user_id, sum(coalesce(g.size, 0) - coalesce(g.old_size, 0)) as delta
      from good g group by g.user_id
    ) d
    where u.id = d.user_id and d.delta <> 0
    returning 1
  ),
  orphans as (
    insert into orphan_candidates (blob_key)
    select g.old_blob_key from good g where g.old_blob_key is not null
    on conflict do nothing
    returning 1
  ),
  told as (select pg_notify('events', max(l.id)::text) from logged l having count(*) > 0)
  select j.ord, j.verdict, l.id, j.stored_ts, case when j.verdict = 0 then j.old_blob_key end
  from judged j
  left join logged l on l.user_id = j.user_id and l.path = j.path and j.verdict = 0
  left join told on true
  order by j.ord;
end
$$;
