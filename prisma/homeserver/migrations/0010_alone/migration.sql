-- The process that answers reads out of its memory: until then nobody else may commit a change.
create table alone (
  id integer primary key default 1 check (id = 1),
  process text not null,
  until timestamptz not null,
  -- When another process last wanted to write.
  broken_at timestamptz
);

-- Comes to 'new', to 'kept' when the term before has not ended yet, or to null when it is not to be had: another
-- process has it, or one wanted to write within the last _rest. Who comes after the order lock sees what was
-- committed before, and every writer after it sees the term.
create function claim_alone(_process text, _term interval, _rest interval) returns text
language plpgsql as $$
declare
  _now timestamptz;
  _last alone;
begin
  perform pg_advisory_xact_lock(x'6576656e74730000'::bigint);
  _now := clock_timestamp();
  select * into _last from alone;
  if _last.broken_at > _now - _rest or (_last.process <> _process and _last.until > _now) then
    return null;
  end if;
  insert into alone (process, until) values (_process, _now + _term)
  on conflict (id) do update set process = excluded.process, until = excluded.until;
  return case when _last.process = _process and _last.until > _now then 'kept' else 'new' end;
end
$$;

-- Asks whoever is alone to end it; at the latest it ends with its term.
create function break_alone(_process text) returns void language sql as $$
  update alone set broken_at = clock_timestamp() where process <> _process and until > clock_timestamp();
  select pg_notify('alone', _process);
$$;

-- Writers name their process in the setting pubky.process.
create function refuse_beside_alone() returns trigger language plpgsql as $$
begin
  if exists (
    select from alone a
    where a.until > clock_timestamp() and a.process is distinct from current_setting('pubky.process', true)
  ) then
    raise exception 'another process is alone' using errcode = 'PM002';
  end if;
  return null;
end
$$;

create trigger events_alone after insert on events
for each statement execute function refuse_beside_alone();
