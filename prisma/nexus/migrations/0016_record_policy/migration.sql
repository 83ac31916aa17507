-- A record may mirror the policy of its owner. It lies in the body of the HOME entry, and another policy
-- makes another entry.
alter table homes add column policy bytea;

drop function journal_append_home(bytea, bytea, bigint, bigint);
create function journal_append_home(
  p_owner bytea, p_host bytea, p_record_micros bigint, p_received bigint, p_policy bytea
) returns bigint language plpgsql as $$
declare
  head bigint;
  last homes%rowtype;
begin
  perform journal_lock();
  head := journal_head();
  select * into last from homes h where h.owner = p_owner order by epoch desc limit 1;
  if found then
    if last.record_micros >= p_record_micros
      or (last.host is not distinct from p_host and last.policy is not distinct from p_policy) then
      return head;
    end if;
  elsif p_host is null then
    return head;
  end if;
  head := head + 1;
  insert into journal (position, kind, owner, host, received_at_ms, record_micros, body)
  values (head, 2, p_owner, p_host, p_received, p_record_micros, p_policy);
  insert into homes (owner, epoch, host, record_micros, position, policy)
  values (p_owner, coalesce(last.epoch + 1, 0), p_host, p_record_micros, head, p_policy);
  perform pg_notify('journal', head::text);
  return head;
end $$;
