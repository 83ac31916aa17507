-- What an account may use. Null is the server's default, -1 no limit; rates are kept as they were
-- written ('10mb/s', 'unlimited'). write_paths null allows every path, an empty array none.
alter table users
  add column storage_quota_mb bigint,
  add column rate_read text,
  add column rate_write text,
  add column rate_read_burst int,
  add column rate_write_burst int,
  add column write_paths text[] collate "C";

-- Quotas that a token gives to the account made with it.
alter table signup_codes
  add column storage_quota_mb bigint,
  add column rate_read text,
  add column rate_write text,
  add column rate_read_burst int,
  add column rate_write_burst int,
  add column write_paths text[] collate "C";

-- The blob store `postgres`. A blob is visible once it has a hash.
create table blobs (
  key text collate "C" primary key,
  size bigint,
  hash bytea check (length(hash) = 32),
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index blobs_doomed on blobs (created_at) where hash is null or deleted_at is not null;
create table blob_pieces (
  key text collate "C" not null references blobs on delete cascade,
  n int not null,
  bytes bytea not null,
  primary key (key, n)
);
alter table blob_pieces alter column bytes set storage external;
