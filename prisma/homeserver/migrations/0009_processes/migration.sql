-- Processes that serve this database, and what they do about a move of blobs.
create table processes (
  id text primary key,
  seen_at timestamptz not null default now(),
  -- The number and the state of the move that it follows; '' for none.
  follows text not null default '',
  -- Uploads that are on their way into the store that is being left.
  old_uploads integer not null default 0,
  -- Why it cannot follow.
  problem text
);

-- The last move of all blobs from one store to another. asked: processes open both stores; moving: they
-- write to the target and read from both, and blobs are on their way; done: all lie in the target.
create table blob_moves (
  id integer primary key default 1 check (id = 1),
  number bigint not null,
  source text not null,
  target text not null,
  state text not null check (state in ('asked', 'moving', 'done')),
  -- Lies in both stores, to see that everybody means the same ones.
  probe text not null,
  -- How to reach a bucket, sealed with the key of the server.
  sealed bytea
);
