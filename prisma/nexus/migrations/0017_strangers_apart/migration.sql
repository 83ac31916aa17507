-- Anybody can make up keys: people whose home was read once are asked about apart from those of whom nothing is
-- known, and who is new apart from those who were asked about before.
alter table home_checks add column known boolean not null default false;
update home_checks c set known = true where exists (select from homes h where h.owner = c.owner);

drop index home_checks_due;
create index home_checks_known on home_checks (next_check_at) where known;
create index home_checks_new on home_checks (next_check_at) where not known and failures = 0;
create index home_checks_again on home_checks (next_check_at) where not known and failures > 0;
