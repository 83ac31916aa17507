-- Accounts that are being moved or have moved: the newest statement of their owner. state 0 here, 1 frozen
-- until frozen_until, 2 moved to target.
create table moves (
  user_id bigint primary key references users on delete cascade,
  state smallint not null check (state in (0, 1, 2)),
  ts_micros bigint not null,
  frozen_until timestamptz,
  target bytea check (length(target) = 32)
);

-- No change of a frozen or moved account is ever committed. Statements of owners take the same lock as
-- writers, so that what is committed after one sees it.
create function refuse_moving() returns trigger language plpgsql as $$
declare
  _user bigint;
begin
  select m.user_id into _user
  from fresh f join moves m on m.user_id = f.user_id
  where m.state = 2 or (m.state = 1 and m.frozen_until > clock_timestamp())
  limit 1;
  if found then
    raise exception 'account % is being moved', _user using errcode = 'PM001';
  end if;
  return null;
end
$$;

create trigger events_moving after insert on events
referencing new table as fresh
for each statement execute function refuse_moving();
