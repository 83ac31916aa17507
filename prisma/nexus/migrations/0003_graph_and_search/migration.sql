-- The built-in adapters of SocialGraph and SearchIndex. People are z-base-32 keys, posts 'author:id'.
create extension if not exists pg_trgm;
create extension if not exists fuzzystrmatch;

create table graph_users (
  id text collate "C" primary key
);

create table graph_posts (
  key text collate "C" primary key,
  author text collate "C" not null,
  kind text not null,
  at_ms bigint not null,
  reply_to text collate "C",
  repost_of text collate "C"
);
create index graph_posts_by_author on graph_posts (author, at_ms);

create table graph_mentions (
  post text collate "C" not null,
  mentioned text collate "C" not null,
  primary key (post, mentioned)
);

create table graph_follows (
  follower text collate "C" not null,
  followed text collate "C" not null,
  at_ms bigint not null,
  primary key (follower, followed)
);
create index graph_follows_by_followed on graph_follows (followed, at_ms desc, follower);
create index graph_follows_newest on graph_follows (follower, at_ms desc, followed);

-- target is a person or a post; of_post tells which
create table graph_tags (
  tagger text collate "C" not null,
  target text collate "C" not null,
  label text collate "C" not null,
  of_post boolean not null,
  at_ms bigint not null,
  primary key (target, label, tagger)
);
create index graph_tags_by_tagger on graph_tags (tagger, at_ms);
create index graph_tags_by_time on graph_tags (at_ms) where of_post;

create table graph_bookmarks (
  owner text collate "C" not null,
  post text collate "C" not null,
  at_ms bigint not null,
  primary key (owner, post)
);

create table search_posts (
  key text collate "C" primary key,
  author text collate "C" not null,
  kind text not null,
  at_ms bigint not null,
  labels text[] collate "C" not null,
  body text not null,
  words tsvector generated always as (to_tsvector('simple', body)) stored
);
create index search_posts_by_word on search_posts using gin (words);

create table search_users (
  id text collate "C" primary key,
  name text collate "C" not null
);
create index search_users_by_name on search_users (name, id);

create table search_labels (
  owner_key text collate "C" not null, -- the person or post that carries the label
  label text collate "C" not null,
  taggers int not null,
  of_post boolean not null,
  primary key (owner_key, label)
);
create index search_labels_by_label on search_labels (label, of_post);

-- the vocabulary, for typing errors and unfinished words
create table search_words (
  word text collate "C" primary key,
  uses int not null
);
create index search_words_similar on search_words using gin (word gin_trgm_ops);
