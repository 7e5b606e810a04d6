-- SPDX-License-Identifier: Apache-2.0
-- The desk: party statements from their first signature to their leaf.

-- note: the text, then the valid lines that there are so far, the provider's first. A statement that
-- is in the log has nothing left to change but a countersignature's leaf. refused: why a statement
-- that waited was turned away when it was complete; posted again, it is checked again.
create table app.statement (
	contract_id bigint not null references app.contract,
	statement_id bigint generated always as identity,
	sha256 bytea not null check (octet_length(sha256) = 32), -- of the text
	kind text not null,
	serial bigint check (serial > 0), -- of an event
	side smallint not null check (side in (0, 1)), -- who signed first
	note bytea not null check (octet_length(note) <= 32768),
	posted timestamptz not null,
	leaf bigint check (leaf >= 0),
	counter_leaf bigint check (counter_leaf > leaf),
	refused text,
	primary key (contract_id, sha256),
	unique (contract_id, statement_id),
	check (leaf is null or refused is null),
	check (counter_leaf is null or leaf is not null)
);
create unique index statement_leaf on app.statement (contract_id, leaf) where leaf is not null;
create unique index statement_counter_leaf on app.statement (contract_id, counter_leaf)
	where counter_leaf is not null;
-- Serials of events that are in the log are taken once.
create unique index statement_serial on app.statement (contract_id, kind, serial)
	where leaf is not null and serial is not null;
create index statement_waiting on app.statement (contract_id, side) where leaf is null;
create function app.refuse_change_logged() returns trigger
language plpgsql set search_path = pg_catalog
as $$
begin
	if old.leaf is not null
		and (new.leaf is distinct from old.leaf or new.refused is not null or old.counter_leaf is not null) then
		raise exception 'statement % of contract % is in the log', old.statement_id, old.contract_id
			using errcode = 'restrict_violation';
	end if;
	return new;
end
$$;
create trigger logged before update on app.statement
	for each row execute function app.refuse_change_logged();
select app.make_changeable('app.statement', '{note,leaf,counter_leaf,refused}');
select app.make_tenant('app.statement', null);

grant select on app.statement to ts_service, ts_auditor;
grant insert on app.statement to ts_service;
grant update (note, leaf, counter_leaf, refused) on app.statement to ts_service;
