-- Counting what one person wrote without looking at the rows themselves.
drop index posts_live_by_author;
create index posts_live_by_author on posts (author) include (kind, parent_key) where not deleted;
create index tags_counted on tags (tagger) where target_kind < 2;
