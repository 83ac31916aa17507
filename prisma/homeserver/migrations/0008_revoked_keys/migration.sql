-- The bytes of a key that is written in z-base-32.
create function key_bytes(_z32 text) returns bytea
language sql immutable strict parallel safe as $$
  select decode(string_agg(to_hex(substr(b.bits, n * 4 + 1, 4)::bit(4)::int), '' order by n), 'hex')
  from (
    select string_agg((strpos('ybndrfg8ejkmcpqxot1uwisza345h769', c) - 1)::bit(5)::text, '' order by at) as bits
    from regexp_split_to_table(_z32, '') with ordinality as t (c, at)
  ) b, generate_series(0, 63) as n
$$;

-- Ends what is signed in with keys of which their owner said at these paths that they are revoked, and
-- tells every process.
create function end_sessions_of(_user bigint, _revocation text) returns void language plpgsql as $$
declare
  _client bytea := key_bytes(substr(_revocation, length('/pub/pubky.keys/revoked/') + 1));
  _grant text;
  _token bytea;
begin
  for _grant in
    update grants set revoked_at = now()
    where user_id = _user and client_key = _client and revoked_at is null
    returning id
  loop
    perform pg_notify('auth_revocations', json_build_object('kind', 'grant', 'id', _grant)::text);
    delete from grant_sessions where user_id = _user and grant_id = _grant returning token_hash into _token;
    if found then
      perform pg_notify('auth_changes', 'b' || encode(_token, 'base64'));
    end if;
  end loop;
end
$$;

-- In the transaction that stores the revocation. Who opens a session holds the same lock shared, so that
-- none comes to be unseen.
create function end_revoked() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('revoked keys', new.user_id));
  perform end_sessions_of(new.user_id, new.path);
  return null;
end
$$;

create trigger entries_revoked_keys after insert or update on entries
for each row when (starts_with(new.path, '/pub/pubky.keys/revoked/')) execute function end_revoked();

select end_sessions_of(user_id, path) from entries where starts_with(path, '/pub/pubky.keys/revoked/');
