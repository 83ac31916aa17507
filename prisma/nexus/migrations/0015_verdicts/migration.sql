-- What a verdict depends on beside the proof itself; the views are computed again at the next start.
alter table objects
  add column signer text, -- who signed the winning entry; null when it has no proof
  add column written_at bigint not null default 0, -- receive time of the winning entry
  add column won_epoch int not null default 0, -- with won_event: its place in the owner's order
  add column won_event bigint not null default -1;
