-- The proof of an entry is kept once, with its event, and no row of its own is written beside: `proof_micros` is the
-- newest time that is known for the path, `proof_event` the event with the proof, null when an unsigned write
-- followed. Entries from before have neither, and their row in `proofs`; otherwise that table has what outlives entries.
alter table entries add column proof_micros bigint, add column proof_event bigint;

-- Commits a batch of writes, at most one for each path and none below another. Hashes (32 bytes each,
-- in order), bodies and proofs are cut out of one value each; a length that is null is nothing. _above holds
-- the folders of a path in lines, _policies the lines of a new policy ('' takes it away, null leaves it).
-- Arrays from _delegates on, except _above, may be null as a whole.
--
-- Tells of each write that was not applied: 1 the same proof as stored, 2 a newer proof is known (detail:
-- its time), 3 exists already, 4 not found, 5 file and folder collide, 6 the user is disabled,
-- 7 If-Match does not match, 8 the account's policy asks for a proof, 9 the signer was revoked, 10 the
-- account's storage may not be enough; and of the blobs that applied writes replaced, and the last event.
-- Raises PM001 when an account is being moved, PM002 when another process than _process is alone.
--
-- _default_quota is in bytes, for accounts without a limit of their own; null is no limit. Every writer
-- holds the order lock, so used_bytes is right; inside a batch, what earlier writes of the account may add
-- counts even when it does not come to be. So 10 is certain only for a write that is alone in its batch.
-- _forced writes, by the operator, pass the policy and collisions.
--
-- Statements after the lock see what was committed before the lock was given. Starting one costs as much as
-- several rows, and more by each column, so there is one for the verdicts, in narrow columns, one for each
-- table, and what is seldom needed has its own. Plans are fixed, because arrays tell the planner nothing;
-- look-ups are lateral or scalar, so that none becomes a join with a whole table.
create or replace function commit_writes(
  _process text,
  _users bigint[],
  _paths text[],
  _kinds smallint[],
  _sizes bigint[],
  _types text[],
  _blobs text[],
  _hashes bytea,
  _bodies bytea,
  _body_starts int[],
  _body_lengths int[],
  _proofs bytea,
  _proof_starts int[],
  _proof_lengths int[],
  _proof_times bigint[],
  _above text[],
  _delegates text[],
  _creates boolean[],
  _matches bytea[],
  _policies text[],
  _forced boolean[],
  _default_quota bigint,
  out refused int[],
  out outcomes smallint[],
  out details bigint[],
  out replaced text[],
  out newest bigint
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
  _verdicts smallint[];
  _known bigint[];
  _old_blobs text[];
  _growths bigint[];
  _is_tight boolean;
  _is_beside boolean;
  _are_away boolean;
  _user bigint;
  _path text;
  _applied bigint;
  -- The event before those of this batch, and how many of it are applied up to each write; null when all are.
  _before bigint;
  _ranks bigint[];
begin
  -- Expressions are evaluated without a statement of their own.
  _path := pg_advisory_xact_lock(x'6576656e74730000'::bigint)::text;
  select array_agg(j.verdict), array_agg(j.known_time), array_agg(j.old_blob), array_agg(j.growth),
    bool_or(j.room < j.used_bytes + j.so_far),
    exists (select from alone a where a.until > clock_timestamp() and a.process is distinct from _process),
    exists (select from moves m where m.user_id = any (_users) and m.state <> 0)
  into _verdicts, _known, _old_blobs, _growths, _is_tight, _is_beside, _are_away
  from (
    select coalesce(e.proof_micros, p.ts_micros) as known_time, e.blob_key as old_blob, u.used_bytes,
      sum(greatest(w.size, 0) + 256) over (order by w.n rows unbounded preceding) as so_far,
      case when u.storage_quota_mb is null then _default_quota
        when u.storage_quota_mb >= 0 then u.storage_quota_mb * 1048576 end as room,
      case when w.kind = 0 then w.size - coalesce(e.size, -256) else -coalesce(e.size + 256, 0) end as growth,
      (case
        when w.proof_time <= coalesce(e.proof_micros, p.ts_micros) then case
          when substring(_proofs from w.proof_start for w.proof_length) = case
            when e.proof_micros is null then p.bytes
            else (select v.proof from events v where v.id = e.proof_event)
          end then 1 else 2 end
        when w.kind = 1 and e.path is null then 4
        when w.kind = 0 and u.disabled then 6
        when w.proof_length is null and w.forced is not true and u.signed_paths is not null
          and covers_path(u.signed_paths, w.path) then 8
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
    from unnest(_users, _paths, _kinds, _sizes, _proof_starts, _proof_lengths, _proof_times, _above, _delegates,
      _creates, _matches, _forced) with ordinality as w (user_id, path, kind, size, proof_start, proof_length,
      proof_time, above, delegate, creates, match, forced, n)
    join users u on u.id = w.user_id
    left join lateral (
      select * from entries e where e.user_id = w.user_id and e.path = w.path limit 1
    ) e on true
    left join lateral (
      select * from proofs p where e.proof_micros is null and p.user_id = w.user_id and p.path = w.path limit 1
    ) p on true
    order by w.n
  ) j;
  if cardinality(_verdicts) is distinct from cardinality(_users) then
    raise exception 'a user is not known';
  end if;
  if _is_beside then
    raise exception 'another process is alone' using errcode = 'PM002';
  end if;
  if _are_away then
    -- The operator may delete what an account left behind when it moved; its owner's deletions are refused
    -- before they come here.
    select m.user_id into _user
    from unnest(_users, _kinds, _verdicts) as t (user_id, kind, verdict) join moves m on m.user_id = t.user_id
    where t.verdict = 0
      and ((m.state = 2 and t.kind = 0) or (m.state = 1 and m.frozen_until > clock_timestamp()))
    limit 1;
    if found then
      raise exception 'account % is being moved', _user using errcode = 'PM001';
    end if;
  end if;
  if _is_tight then
    select array_agg(case
      when s.verdict = 0 and s.kind = 0 and s.growth > 0 and s.used_bytes + s.so_far > s.room then 10::smallint
      else s.verdict end)
    into _verdicts
    from (
      select t.*, u.used_bytes, case when u.storage_quota_mb is null then _default_quota
          when u.storage_quota_mb >= 0 then u.storage_quota_mb * 1048576 end as room,
        sum(greatest(t.growth, 0)) filter (where t.verdict = 0)
          over (partition by t.user_id order by t.n rows unbounded preceding) as so_far
      from unnest(_users, _kinds, _growths, _verdicts) with ordinality as t (user_id, kind, growth, verdict, n)
      join users u on u.id = t.user_id
      order by t.n
    ) s;
  end if;

  insert into events (user_id, kind, path, hash, proof)
  select t.user_id, t.kind, t.path, case when t.kind = 0 then substring(_hashes from (t.n::int - 1) * 32 + 1 for 32) end,
    substring(_proofs from t.start for t.length)
  from unnest(_verdicts, _kinds, _users, _paths, _proof_starts, _proof_lengths) with ordinality
    as t (verdict, kind, user_id, path, start, length, n)
  where t.verdict = 0
  order by t.n;
  get diagnostics _applied = row_count;
  if _applied > 0 then
    -- Only who holds the order lock takes ids of events.
    newest := pg_sequence_last_value('events_id_seq');
    _path := pg_notify('events', newest::text)::text;
    _before := newest - _applied;
    if _applied < cardinality(_verdicts) then
      select array_agg(r.rank) into _ranks
      from (
        select count(*) filter (where t.verdict = 0) over (order by t.n rows unbounded preceding) as rank
        from unnest(_verdicts) with ordinality as t (verdict, n) order by t.n
      ) r;
    end if;
  end if;
  insert into entries (user_id, path, hash, size, content_type, inline, blob_key, proof_micros, proof_event)
  select t.user_id, t.path, substring(_hashes from (t.n::int - 1) * 32 + 1 for 32), t.size, t.type,
    substring(_bodies from t.start for t.length), t.blob, coalesce(t.time, t.known),
    case when t.time is not null then _before + coalesce(_ranks[t.n], t.n) end
  from unnest(_verdicts, _kinds, _users, _paths, _sizes, _types, _body_starts, _body_lengths, _blobs, _proof_times,
    _known) with ordinality as t (verdict, kind, user_id, path, size, type, start, length, blob, time, known, n)
  where t.verdict = 0 and t.kind = 0
  on conflict (user_id, path) do update set
    hash = excluded.hash, size = excluded.size, content_type = excluded.content_type,
    inline = excluded.inline, blob_key = excluded.blob_key, modified_at = now(),
    proof_micros = excluded.proof_micros, proof_event = excluded.proof_event;
  update users u set used_bytes = u.used_bytes + d.growth
  from (
    select t.user_id, sum(t.growth)::bigint as growth
    from unnest(_users, _growths, _verdicts) as t (user_id, growth, verdict)
    where t.verdict = 0 group by t.user_id
  ) d
  where u.id = d.user_id and d.growth <> 0;

  if 1 = any (_kinds) then
    delete from entries e using unnest(_users, _paths, _kinds, _verdicts) as t (user_id, path, kind, verdict)
    where t.verdict = 0 and t.kind = 1 and e.user_id = t.user_id and e.path = t.path;
    insert into proofs (user_id, path, action, ts_micros, bytes)
    select t.user_id, t.path, 2, coalesce(t.time, t.known), substring(_proofs from t.start for t.length)
    from unnest(_verdicts, _kinds, _users, _paths, _proof_times, _known, _proof_starts, _proof_lengths)
      as t (verdict, kind, user_id, path, time, known, start, length)
    where t.verdict = 0 and t.kind = 1 and coalesce(t.time, t.known) is not null
    on conflict (user_id, path) do update set
      action = excluded.action, ts_micros = excluded.ts_micros, bytes = excluded.bytes;
  end if;
  if cardinality(array_remove(_old_blobs, null)) > 0 then
    select array_agg(t.blob) into replaced
    from unnest(_old_blobs, _verdicts) as t (blob, verdict) where t.verdict = 0 and t.blob is not null;
    insert into orphan_candidates (blob_key) select unnest(replaced) on conflict do nothing;
  end if;
  if _policies is not null then
    update users u set signed_paths = string_to_array(nullif(t.policy, ''), E'\n')
    from unnest(_users, _policies, _verdicts) as t (user_id, policy, verdict)
    where t.verdict = 0 and t.policy is not null and u.id = t.user_id;
  end if;
  -- In the transaction that stores a revocation. Who opens a session holds the same lock shared, so that
  -- none comes to be unseen.
  if strpos(array_to_string(_paths, E'\n'), '/pub/pubky.keys/revoked/') > 0 then
    for _user, _path in
      select t.user_id, t.path from unnest(_users, _paths, _kinds, _verdicts) as t (user_id, path, kind, verdict)
      where t.verdict = 0 and t.kind = 0 and starts_with(t.path, '/pub/pubky.keys/revoked/')
    loop
      perform pg_advisory_xact_lock(hashtextextended('revoked keys', _user));
      perform end_sessions_of(_user, _path);
    end loop;
  end if;
  if 0 <> any (_verdicts) then
    select array_agg(t.n), array_agg(t.verdict), array_agg(t.known) into refused, outcomes, details
    from unnest(_verdicts, _known) with ordinality as t (verdict, known, n) where t.verdict <> 0;
  end if;
end
$$;
