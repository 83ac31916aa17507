-- Whether scopes cover a path: one that ends in a slash covers everything below. A first scope '@time' says
-- from when on they do, in microseconds.
create or replace function covers_path(_scopes text[], _path text) returns boolean
language sql stable parallel safe as $$
  select not (
    starts_with(_scopes[1], '@')
    and substr(_scopes[1], 2)::bigint > extract(epoch from clock_timestamp()) * 1000000
  ) is true and exists (
    select from unnest(_scopes) as scope
    where case when right(scope, 1) = '/' then starts_with(_path, scope) else _path = scope end
  )
$$;
