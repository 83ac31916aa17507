-- Events below /pub/ after an id, in their order. By the index in any case: a planner without statistics,
-- as in the first minute of a table, takes paths for rarer than they are, and reads and sorts all events.
create function public_events(_after bigint, _limit integer) returns setof events
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
begin
  return query select * from events e
    where e.id > _after and e.path >= '/pub/' and e.path < '/pub0' order by e.id limit _limit;
end
$$;
