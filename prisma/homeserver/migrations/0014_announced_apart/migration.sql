-- Commits do not notify any more: the process that commits tells others of new events, at a measured pace
-- (`homeserver/src/events/announcer.ts`). Of the function of 0013 one line goes.
do $$
declare
  _before text := pg_get_functiondef('commit_writes'::regproc);
  _after text := replace(_before, E'    _path := pg_notify(''events'', newest::text)::text;\n', '');
begin
  if _after = _before then
    raise exception 'commit_writes is not the one of 0013';
  end if;
  execute _after;
end
$$;
