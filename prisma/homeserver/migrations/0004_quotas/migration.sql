drop function commit_writes(bigint[], text[], smallint[], bigint[], text[], text[], bytea, bytea, int[], bytea,
  int[], bigint[], text[], boolean[], bytea[], text[], text[]);

-- Commits a batch of writes, at most one for each path and none below another. Hashes (32 bytes each,
-- in order), bodies and proofs are cut out of one value each; a length of -1 is null. _above holds the
-- folders of a path in lines, _policies the lines of a new policy ('' takes it away, null leaves it).
--
-- Tells of each write that was not applied: 1 the same proof as stored, 2 a newer proof is known (detail:
-- its time), 3 exists already, 4 not found, 5 file and folder collide, 6 the user is disabled,
-- 7 If-Match does not match, 8 the account's policy asks for a proof, 9 the signer was revoked, 10 the
-- account's storage may not be enough; and of the blobs that applied writes replaced.
--
-- _default_quota is in bytes, for accounts without a limit of their own; null is no limit. Every writer
-- holds the order lock, so used_bytes is right; inside a batch, what earlier writes of the account may add
-- counts even when it does not come to be. So 10 is certain only for a write that is alone in its batch.
-- _forced writes, by the operator, pass the policy and collisions.
--
-- The statement after the lock sees what was committed before the lock was given. Its plan is fixed,
-- because arrays tell the planner nothing; look-ups are lateral or scalar, so that none becomes a join
-- with a whole table.
create function commit_writes(
  _users bigint[],
  _paths text[],
  _kinds smallint[],
  _sizes bigint[],
  _types text[],
  _blobs text[],
  _hashes bytea,
  _bodies bytea,
  _body_lengths int[],
  _proofs bytea,
  _proof_lengths int[],
  _proof_times bigint[],
  _delegates text[],
  _creates boolean[],
  _matches bytea[],
  _above text[],
  _policies text[],
  _forced boolean[] default null,
  _default_quota bigint default null,
  out refused int[],
  out outcomes smallint[],
  out details bigint[],
  out replaced text[]
)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  _newest bigint;
begin
  perform pg_advisory_xact_lock(x'6576656e74730000'::bigint);
  with given as materialized (
    select t.*, t.n::int as ord,
      substring(_hashes from (t.n::int - 1) * 32 + 1 for 32) as hash,
      case when t.body_length >= 0 then substring(_bodies from
        (sum(greatest(t.body_length, 0)) over so_far)::int - t.body_length + 1 for t.body_length) end as inline,
      case when t.proof_length >= 0 then substring(_proofs from
        (sum(greatest(t.proof_length, 0)) over so_far)::int - t.proof_length + 1 for t.proof_length) end as proof
    from unnest(_users, _paths, _kinds, _sizes, _types, _blobs, _body_lengths, _proof_lengths, _proof_times,
      _delegates, _creates, _matches, _above, _policies, _forced) with ordinality as t (user_id, path, kind, size, type,
      blob_key, body_length, proof_length, proof_time, delegate, creates, match, above, policy, forced, n)
    window so_far as (order by t.n rows unbounded preceding)
  ),
  seen as materialized (
    select w.*, u.used_bytes,
      case when u.storage_quota_mb is null then _default_quota
        when u.storage_quota_mb >= 0 then u.storage_quota_mb * 1048576 end as room,
      e.path is not null as existed, e.blob_key as old_blob, p.ts_micros as known_time,
      case when w.kind = 0 then w.size - coalesce(e.size, -256) else -coalesce(e.size + 256, 0) end as growth,
      (case
        when w.proof = p.bytes then 1
        when w.proof_time <= p.ts_micros then 2
        when w.kind = 1 and e.path is null then 4
        when w.kind = 0 and u.disabled then 6
        when w.proof is null and w.forced is not true and u.signed_paths is not null and covers_path(u.signed_paths, w.path) then 8
        when w.delegate is not null and (
          select 1 from entries r
          where r.user_id = w.user_id and r.path = '/pub/pubky.keys/revoked/' || w.delegate limit 1
        ) = 1 then 9
        when w.creates and e.path is not null then 3
        when length(w.match) = 0 and e.path is null then 7 -- If-Match: *
        when length(w.match) > 0 and w.match is distinct from e.hash then 7
        when w.kind = 0 and e.path is null and w.forced is not true and coalesce(
          (select 1 from entries a
            where a.user_id = w.user_id and a.path = any (string_to_array(w.above, E'\n')) limit 1),
          (select 1 from entries below
            where below.user_id = w.user_id and below.path > w.path || '/' and below.path < w.path || '0' limit 1)
        ) = 1 then 5
        else 0
      end)::smallint as verdict
    from given w
    join users u on u.id = w.user_id
    left join lateral (
      select * from entries e where e.user_id = w.user_id and e.path = w.path limit 1
    ) e on true
    left join lateral (
      select * from proofs p where p.user_id = w.user_id and p.path = w.path limit 1
    ) p on true
  ),
  judged as materialized (
    select s.*, case
      when s.room is not null and s.verdict = 0 and s.kind = 0 and s.growth > 0 and s.used_bytes + (
        select sum(greatest(o.growth, 0)) from seen o
        where o.user_id = s.user_id and o.n <= s.n and o.verdict = 0
      ) > s.room
      then 10::smallint else s.verdict end as outcome
    from seen s
  ),
  good as materialized (select * from judged j where j.outcome = 0 order by j.n),
  put as (
    insert into entries (user_id, path, hash, size, content_type, inline, blob_key)
    select g.user_id, g.path, g.hash, g.size, g.type, g.inline, g.blob_key from good g where g.kind = 0
    on conflict (user_id, path) do update set
      hash = excluded.hash, size = excluded.size, content_type = excluded.content_type,
      inline = excluded.inline, blob_key = excluded.blob_key, modified_at = now()
  ),
  del as (
    delete from entries e using good g
    where g.kind = 1 and e.user_id = g.user_id and e.path = g.path
  ),
  signed as (
    insert into proofs (user_id, path, action, ts_micros, bytes)
    select g.user_id, g.path, g.kind + 1, g.proof_time, g.proof from good g where g.proof is not null
    on conflict (user_id, path) do update set
      action = excluded.action, ts_micros = excluded.ts_micros, bytes = excluded.bytes
  ),
  unsigned as (
    update proofs p set bytes = null from good g
    where g.proof is null and g.known_time is not null
      and p.user_id = g.user_id and p.path = g.path and p.bytes is not null
  ),
  logged as (
    insert into events (user_id, kind, path, hash, proof)
    select g.user_id, g.kind, g.path, case when g.kind = 0 then g.hash end, g.proof from good g order by g.n
    returning id
  ),
  charged as (
    update users u set
      used_bytes = u.used_bytes + d.growth,
      signed_paths = case when d.policy is null then u.signed_paths
        else string_to_array(nullif(d.policy, ''), E'\n') end
    from (
      select g.user_id, sum(g.growth)::bigint as growth, max(g.policy) as policy from good g group by g.user_id
    ) d
    where u.id = d.user_id and (d.growth <> 0 or d.policy is not null)
  ),
  orphans as (
    insert into orphan_candidates (blob_key)
    select g.old_blob from good g where g.old_blob is not null
    on conflict do nothing
  )
  select
    array_agg(j.ord) filter (where j.outcome <> 0),
    array_agg(j.outcome) filter (where j.outcome <> 0),
    array_agg(j.known_time) filter (where j.outcome <> 0),
    array_agg(j.old_blob) filter (where j.outcome = 0 and j.old_blob is not null),
    (select max(l.id) from logged l)
  into refused, outcomes, details, replaced, _newest
  from judged j;
  if _newest is not null then
    perform pg_notify('events', _newest::text);
  end if;
end
$$;

-- Whether anybody has a speed of their own is asked at each change.
create index users_with_speeds on users (id) where rate_read is not null or rate_write is not null;
