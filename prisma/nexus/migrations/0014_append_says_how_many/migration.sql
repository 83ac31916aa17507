-- Says how many entries were new: when all were, the writer knows the position of each.
drop function journal_append(
  bytea, bytea, bigint, text, text, smallint[], bytea[], bigint[], text[], bigint[], bytea[],
  bytea[], text[], bigint[], bytea[], smallint[], text[]
);

create function journal_append(
  p_host bytea, p_feed_owner bytea, p_cursor bigint, p_line text, p_holder text,
  p_kinds smallint[], p_owners bytea[], p_event_ids bigint[], p_paths text[], p_received bigint[],
  p_hashes bytea[], p_bodies bytea[], p_blob_keys text[], p_sizes bigint[], p_proofs bytea[],
  p_statuses smallint[], p_reasons text[],
  out head bigint, out added int, out strangers bytea[], out fenced boolean
) language plpgsql as $$
begin
  perform journal_lock();
  head := journal_head();
  added := 0;
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
      insert into home_checks (owner)
      select distinct o.owner from unnest(p_owners) as o (owner)
      where not exists (select from home_checks h where h.owner = o.owner)
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
