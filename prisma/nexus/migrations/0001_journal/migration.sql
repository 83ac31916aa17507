-- The journal: everything a Nexus ever learnt, in one total order. Positions are given under a lock,
-- so they are gapless and become visible in order.
create table journal (
  position bigint primary key,
  kind smallint not null check (kind between 0 and 3), -- 0 PUT, 1 DEL, 2 HOME, 3 PURGE
  owner bytea not null check (length(owner) = 32),
  host bytea check (length(host) = 32),
  event_id bigint, -- the order of a host's entries; above the host's own id once it has gone back
  path text collate "C",
  received_at_ms bigint not null,
  record_micros bigint,
  hash bytea check (length(hash) = 32),
  body bytea,
  blob_key text,
  size bigint,
  refs jsonb, -- what stays of an erased body
  proof bytea,
  status smallint not null default 0 check (status between 0 and 2), -- 0 ok, 1 superseded, 2 refused
  reason text,
  format smallint not null default 1,
  unique (host, event_id)
);
create index journal_by_owner on journal (owner, position);
create index journal_by_object on journal (owner, path, position desc);
create index journal_by_blob on journal (blob_key) where blob_key is not null;
create index journal_deletions on journal (position) where kind in (1, 3);

-- How far each feed was read. Owner '' is the feed of the whole host, else one person's stream.
create table source_cursors (
  host bytea not null,
  owner bytea not null default '\x',
  event_id bigint not null, -- the host's own id
  last_line text, -- the event at event_id, to notice a host that has gone back
  updated_at timestamptz not null default now(),
  primary key (host, owner)
);

-- The hosts that are followed, who follows each at the moment, and which ones are kept waiting.
create table sources (
  host bytea primary key check (length(host) = 32),
  id_offset bigint not null default 0, -- added to the host's ids after it has gone back
  lease_holder text,
  lease_until timestamptz,
  strikes int not null default 0,
  quarantined_until timestamptz,
  reason text,
  added_at timestamptz not null default now()
);

-- Where each person's data lives, as told by their records, oldest first.
create table homes (
  owner bytea not null check (length(owner) = 32),
  epoch int not null,
  host bytea check (length(host) = 32),
  record_micros bigint not null,
  position bigint not null,
  primary key (owner, epoch)
);
create index homes_by_host on homes (host);

-- Positions of the journal's own chores, such as the compactor.
create table journal_marks (
  name text primary key,
  position bigint not null
);
