-- What each object says, as the projections `graph` and `search` have read it, each for itself. An edge
-- exists while any live row asserts it. A row stays when its object is gone, as the name of what has to
-- be taken back.
create table projection_facts (
  projection text not null, -- 'graph', 'search'
  owner text collate "C" not null,
  path text collate "C" not null,
  kind text not null, -- profile, post, follow, tag, bookmark
  target text collate "C" not null, -- a person or 'author:id'
  label text collate "C" not null default '', -- tags
  at_ms bigint not null,
  live boolean not null,
  fact jsonb not null, -- the rest; {} when not live
  primary key (projection, owner, path)
);
create index projection_facts_by_edge on projection_facts (projection, owner, kind, target, label) where live;
create index projection_facts_by_target on projection_facts (projection, target, label) where live and kind = 'tag';
