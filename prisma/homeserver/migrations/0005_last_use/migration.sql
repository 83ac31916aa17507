-- When a session or the bearer of a grant was last used, to within some minutes.
alter table sessions add column last_used_at timestamptz;
alter table grants add column last_used_at timestamptz;
