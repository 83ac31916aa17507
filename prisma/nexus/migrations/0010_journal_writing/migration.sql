-- Writing the journal in one round trip. The functions are volatile: each statement inside sees what
-- was committed before the lock was given, which a single statement would not.

-- Whose record is to be read again, and when. A row per person who was ever seen in a feed.
create table home_checks (
  owner bytea primary key check (length(owner) = 32),
  next_check_at timestamptz not null default now(),
  failures int not null default 0
);
create index home_checks_due on home_checks (next_check_at);

-- 'journal' in ASCII
create function journal_lock() returns void language sql as
$$ select pg_advisory_xact_lock(29958897753022828) $$;

create function journal_head() returns bigint language sql stable as
$$ select coalesce(max(position), 0) from journal $$;

-- Appends what is new of a host's feed and moves its cursor. `fenced` when p_holder lost the lease.
create function journal_append(
  p_host bytea, p_feed_owner bytea, p_cursor bigint, p_line text, p_holder text,
  p_kinds smallint[], p_owners bytea[], p_event_ids bigint[], p_paths text[], p_received bigint[],
  p_hashes bytea[], p_bodies bytea[], p_blob_keys text[], p_sizes bigint[], p_proofs bytea[],
  p_statuses smallint[], p_reasons text[],
  out head bigint, out strangers bytea[], out fenced boolean
) language plpgsql as $$
declare added int;
begin
  perform journal_lock();
  head := journal_head();
  strangers := '{}';
  fenced := p_holder is not null and not exists (
    select from sources s where s.host = p_host and s.lease_holder = p_holder
  );
  if fenced then return; end if;
  if cardinality(p_kinds) > 0 then
    insert into journal (
      position, kind, owner, host, event_id, path, received_at_ms, hash, body, blob_key, size, proof,
      status, reason
    )
    select head + row_number() over (order by e.event_id), e.kind, e.owner, p_host, e.event_id,
      e.path, e.received, e.hash, e.body, e.blob_key, e.size, e.proof, e.status, e.reason
    from unnest(
      p_kinds, p_owners, p_event_ids, p_paths, p_received, p_hashes, p_bodies, p_blob_keys, p_sizes,
      p_proofs, p_statuses, p_reasons
    ) as e (kind, owner, event_id, path, received, hash, body, blob_key, size, proof, status, reason)
    where not exists (select from journal j where j.host = p_host and j.event_id = e.event_id);
    get diagnostics added = row_count;
    head := head + added;
    with fresh as (
      insert into home_checks (owner) select distinct unnest(p_owners)
      on conflict do nothing returning owner
    )
    select coalesce(array_agg(owner), '{}') into strangers from fresh;
    if added > 0 then perform pg_notify('journal', head::text); end if;
  end if;
  insert into source_cursors (host, owner, event_id, last_line)
  values (p_host, p_feed_owner, p_cursor, p_line)
  on conflict (host, owner) do update
    set event_id = excluded.event_id, last_line = excluded.last_line, updated_at = now()
    where source_cursors.event_id <= excluded.event_id;
end $$;

-- Appends a HOME entry when the record is newer than the last one and names another host.
create function journal_append_home(
  p_owner bytea, p_host bytea, p_record_micros bigint, p_received bigint
) returns bigint language plpgsql as $$
declare
  head bigint;
  last homes%rowtype;
begin
  perform journal_lock();
  head := journal_head();
  select * into last from homes h where h.owner = p_owner order by epoch desc limit 1;
  if found then
    if last.host is not distinct from p_host or last.record_micros >= p_record_micros then
      return head;
    end if;
  elsif p_host is null then
    return head;
  end if;
  head := head + 1;
  insert into journal (position, kind, owner, host, received_at_ms, record_micros)
  values (head, 2, p_owner, p_host, p_received, p_record_micros);
  insert into homes (owner, epoch, host, record_micros, position)
  values (p_owner, coalesce(last.epoch + 1, 0), p_host, p_record_micros, head);
  perform pg_notify('journal', head::text);
  return head;
end $$;

-- Takes bodies out of the journal and says so. Returns the blobs that may have to go.
create function journal_append_purge(
  p_owner bytea, p_path text, p_received bigint, p_reason text,
  out head bigint, out blobs text[]
) language plpgsql as $$
begin
  perform journal_lock();
  head := journal_head() + 1;
  select coalesce(array_agg(distinct blob_key), '{}') into blobs from journal
  where owner = p_owner and (p_path is null or path = p_path) and blob_key is not null;
  update journal set body = null, blob_key = null, refs = null
  where owner = p_owner and (p_path is null or path = p_path)
    and (body is not null or blob_key is not null or refs is not null);
  insert into journal (position, kind, owner, path, received_at_ms, reason)
  values (head, 3, p_owner, p_path, p_received, p_reason);
  perform pg_notify('journal', head::text);
end $$;
