-- The operator may delete what an account left behind when it moved; its owner's deletions are refused
-- before they come here.
create or replace function refuse_moving() returns trigger language plpgsql as $$
declare
  _user bigint;
begin
  select m.user_id into _user
  from fresh f join moves m on m.user_id = f.user_id
  where (m.state = 2 and f.kind = 0) or (m.state = 1 and m.frozen_until > clock_timestamp())
  limit 1;
  if found then
    raise exception 'account % is being moved', _user using errcode = 'PM001';
  end if;
  return null;
end
$$;
