-- What the projection `views` computes from the journal: documents, edges, counters, timelines,
-- notifications and the log that open pages are told from. Everything here can be thrown away and
-- computed again; nothing here is written by anybody else.
--
-- People are z-base-32 keys (52 characters), posts are 'author:id' (66), resources are 32 hex digits:
-- the three never collide, so a `target` needs no prefix. Times are milliseconds since the epoch.
-- All names sort by bytes (collate "C").

-- How far each projection has read the journal. Effect and position are committed together.
create table projection_positions (
  name text not null, -- 'views', 'graph', 'search'
  version int not null,
  position bigint not null, -- the last journal entry whose effect is here
  primary key (name, version)
);

-- The winning state of each object, whatever its kind: what `GET /v0/object` serves and what edges are
-- derived from. A row stays when the object is deleted (deleted = true).
create table objects (
  owner text collate "C" not null,
  path text collate "C" not null,
  kind text not null, -- profile, post, tag, bookmark, follow, mute, file, blob, lastRead, key (below /pub/pubky.keys/) or proofs
  epoch int not null, -- with event_id: how far the entries of this path were taken in, in the owner's order
  event_id bigint not null,
  position bigint, -- journal entry that holds the winning bytes and proof (journal.body, blob_key, proof); of the deletion when deleted; null when nothing has won yet
  deleted boolean not null, -- no winning PUT
  hash bytea, -- BLAKE3 of the winning body
  blob_key text, -- blobs only: key in the blob store
  size bigint, -- blobs only: bytes
  doc jsonb, -- the sanitised object; of a deleted post only kind, parent, embed and mentions
  proof_micros bigint, -- timestamp of the winning entry's proof; null when it has none
  proof_micros_max bigint, -- newest valid proof ever seen for the path
  verdict smallint not null, -- 0 unsigned, 1 signed, 2 stripped, 3 revoked
  indexed_at bigint not null, -- fixed when first seen; edits keep it
  edited_at bigint, -- receive time of the last PUT that changed the body; null when never edited
  edge_target text collate "C", -- what a live tag, bookmark, follow or mute points at: post key, person or resource id
  edge_label text collate "C" not null default '', -- tags: the label
  edge_app text not null default '', -- tags on resources: the app that wrote it
  primary key (owner, path)
);
create index objects_by_edge on objects (owner, kind, edge_target, edge_label, edge_app) where edge_target is not null;

-- People. A row exists from the first record that names a homeserver of theirs.
create table users (
  id text collate "C" primary key,
  state smallint not null, -- 0 known, but no profile yet; 1 has a profile; 2 deleted the profile
  name text, -- null in state 0; '[DELETED]' in state 2, then everything else is null
  bio text,
  status text,
  image text, -- address as written, normally of a file
  links jsonb, -- [{title, url}] or null
  verdict smallint not null default 0, -- of the profile, as in objects
  indexed_at bigint not null, -- of the profile; in state 0 the time the record was seen
  last_read_at bigint -- notifications up to this time are read, as the person's last_read says
);
create index users_newest on users (indexed_at desc, id desc) where state = 1;

-- Posts, live and deleted. READ ONLY ROWS WITH visible: a deleted post that nobody else refers to stays
-- as a row with visible = false, in case somebody refers to it later, and must not be shown.
create table posts (
  key text collate "C" primary key, -- 'author:id'
  author text collate "C" not null,
  id text collate "C" not null,
  content text not null, -- '[DELETED]' when deleted
  kind text not null, -- short, long, image, video, link, file, collection; short when deleted
  attachments jsonb, -- list of addresses or null
  lock text,
  parent_key text collate "C", -- the post this is a reply to (it may be unknown); null for roots
  repost_key text collate "C", -- the post this reposts or quotes; null when the embed is no post
  embed_uri text, -- the embed as written, also when it is no post
  mentions text[] collate "C" not null default '{}', -- people named in the text; of the last version when deleted
  indexed_at bigint not null,
  edited_at bigint, -- last change of the body; null when never edited
  verdict smallint not null, -- as in objects
  deleted boolean not null,
  visible boolean not null, -- live, or deleted while somebody else's live post, tag or bookmark refers to it
  tags int not null default 0, -- counters: equal a recount from the live edges at any time
  unique_tags int not null default 0,
  replies int not null default 0, -- live direct replies
  reposts int not null default 0, -- live reposts
  engagement int not null generated always as (tags + replies + reposts) stored
);
create index posts_roots_newest on posts (indexed_at desc, key desc) where visible and parent_key is null;
create index posts_roots_engagement on posts (engagement desc, key desc) where visible and parent_key is null;
create index posts_roots_by_kind on posts (kind, indexed_at desc, key desc) where visible and parent_key is null;
create index posts_roots_by_author on posts (author, indexed_at desc, key desc) where visible and parent_key is null;
create index posts_replies_by_author on posts (author, indexed_at desc, key desc) where visible and parent_key is not null;
create index posts_replies_by_parent on posts (parent_key, indexed_at desc, key desc) where parent_key is not null;
create index posts_by_repost on posts (repost_key, indexed_at desc, key desc) where repost_key is not null;
create index posts_live_by_author on posts (author) where not deleted;

-- Who follows whom; one row per edge. Friends follow each other.
create table follows (
  follower text collate "C" not null,
  followed text collate "C" not null,
  indexed_at bigint not null,
  primary key (follower, followed)
);
create index follows_newest on follows (follower, indexed_at desc, followed);
create index follows_by_followed on follows (followed, indexed_at desc, follower);

-- Whom each person does not want to see.
create table mutes (
  owner text collate "C" not null,
  muted text collate "C" not null,
  indexed_at bigint not null,
  primary key (owner, muted)
);

create table bookmarks (
  owner text collate "C" not null,
  post_key text collate "C" not null, -- may be unknown
  id text not null, -- of the bookmark object
  indexed_at bigint not null,
  primary key (owner, post_key)
);
create index bookmarks_newest on bookmarks (owner, indexed_at desc, post_key desc);
create index bookmarks_by_post on bookmarks (post_key);

-- One row per tag edge, whichever app wrote it. Taggers of a label: where target = and label =.
create table tags (
  target text collate "C" not null, -- post key, person or resource id; may be unknown
  label text collate "C" not null,
  tagger text collate "C" not null,
  app text collate "C" not null default '', -- only for resources, where each app has its own edge; else ''
  target_kind smallint not null, -- 0 post, 1 person, 2 resource
  id text not null, -- of the tag object
  path text collate "C" not null, -- of the tag object, the first one when several say the same
  indexed_at bigint not null,
  primary key (target, label, tagger, app)
);
create index tags_by_tagger on tags (tagger, indexed_at desc);
create index tags_by_time on tags (target_kind, indexed_at);
create index tags_by_object on tags (tagger, id);

-- The labels of each person. Order of TagDetails: taggers desc, label desc.
create table user_labels (
  user_id text collate "C" not null,
  label text collate "C" not null,
  taggers int not null, -- never 0
  primary key (user_id, label)
);
create index user_labels_ranked on user_labels (user_id, taggers desc, label desc);
create index user_labels_by_label on user_labels (label, taggers desc, user_id desc);

-- The labels of each visible post, with what the streams of a label are ordered by.
create table post_labels (
  post_key text collate "C" not null,
  label text collate "C" not null,
  taggers int not null, -- never 0
  is_reply boolean not null, -- streams of `all` leave replies out, search by tag does not
  indexed_at bigint not null, -- of the post
  engagement int not null, -- of the post
  primary key (post_key, label)
);
create index post_labels_ranked on post_labels (post_key, taggers desc, label desc);
create index post_labels_newest on post_labels (label, indexed_at desc, post_key desc);
create index post_labels_engagement on post_labels (label, engagement desc, post_key desc);

-- Addresses outside of posts and profiles that somebody tagged; a row exists while a tag does.
create table resources (
  id text collate "C" primary key, -- hex of the first 16 bytes of BLAKE3 of uri
  uri text not null, -- normalised
  scheme text not null,
  indexed_at bigint not null, -- of the first tag
  tagged_at bigint not null, -- of the latest tag
  tags int not null -- tag edges
);
create index resources_newest on resources (tagged_at desc, id desc);
create index resources_by_tags on resources (tags desc, id desc);

-- Metadata of uploads. The bytes: src names a blob object, whose row in `objects` has the blob_key.
create table files (
  owner text collate "C" not null,
  id text collate "C" not null,
  name text not null,
  src text not null, -- normally pubky://<owner>/pub/pubky.app/blobs/<id>
  content_type text not null, -- the writer's word
  size bigint not null, -- the writer's word
  created_at numeric not null, -- the writer's word, unit included
  indexed_at bigint not null,
  verdict smallint not null,
  primary key (owner, id)
);

-- Counters of people; no row means zeros. Equal a recount from the live edges at any time.
create table user_counts (
  user_id text collate "C" primary key,
  tagged int not null default 0, -- tags this person put on posts and people
  tags int not null default 0, -- tags on the profile
  unique_tags int not null default 0, -- distinct labels on the profile
  posts int not null default 0, -- live posts of all sorts
  replies int not null default 0,
  collections int not null default 0,
  following int not null default 0,
  followers int not null default 0,
  friends int not null default 0,
  bookmarks int not null default 0, -- collections left out
  influence double precision not null generated always as ((tagged + posts) * sqrt(followers::double precision)) stored
);
create index user_counts_most_followed on user_counts (followers desc, user_id desc);
create index user_counts_influence on user_counts (influence desc, user_id desc);

-- Notifications: a function of the journal in its order. The same body is there once, at its last time.
create table notices (
  recipient text collate "C" not null,
  position bigint not null, -- the journal entry that caused it
  ordinal int not null, -- several can come of one entry
  at bigint not null, -- `timestamp` of the notification: receive time of that entry
  type text not null, -- body.type
  actor text collate "C" not null, -- who did it; muted actors are left out when reading
  body jsonb not null, -- with the members of spec/nexus.md 1.9, `type` among them (put it first when printing)
  fingerprint bytea not null, -- SHA-256 of the body's canonical text
  primary key (recipient, position, ordinal)
);
create unique index notices_once on notices (recipient, fingerprint);
create index notices_newest on notices (recipient, at desc, position desc, ordinal desc);

-- What open pages are told, in order; the last 10,000 positions are kept. Each batch ends with one
-- NOTIFY on channel 'live' whose payload is the highest position.
create table live_log (
  position bigint not null, -- the end of the batch
  ordinal int not null,
  message jsonb not null, -- a LiveEvent, or {"type":"follow"|"unfollow","from","to"} for the fan-out alone
  primary key (position, ordinal)
);
