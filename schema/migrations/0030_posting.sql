-- SPDX-License-Identifier: Apache-2.0
-- What a tick costs is its entries, not the contract's. The balance trigger looked every leg's entry up
-- by an index of the planner's choice, which could be one that reads all entries of the contract; now
-- it reads the new ones once, as a range of the primary key. It already asks more than the two foreign
-- keys did (the entry is of this transaction and of the leg's book; entries are never deleted), and a
-- row of another contract than the transaction's is refused by row-level security, so the keys go: they
-- cost a look-up and a row lock for each of an event's hundreds of rows.
alter table app.leg drop constraint leg_contract_id_entry_id_fkey;
alter table app.entry drop constraint entry_contract_id_fkey;

create or replace function app.check_legs() returns trigger
language plpgsql set search_path = pg_catalog
as $$
declare
	bad record;
	part record;
begin
	select contract_id, entry_id into bad from new_legs
		group by contract_id, entry_id, currency
		having sum(case when debit then amount::numeric else -amount::numeric end) <> 0 limit 1;
	if found then
		raise exception 'entry % of contract % does not balance', bad.entry_id, bad.contract_id
			using errcode = 'check_violation';
	end if;
	-- Also catches a leg of the other book, and an entry outside the transaction's scope.
	for part in select contract_id, min(entry_id) as first, max(entry_id) as last from new_legs
		group by contract_id
	loop
		select l.contract_id, l.entry_id into bad from new_legs l
			where l.contract_id = part.contract_id and (l.entry_id, l.book) not in (
				select e.entry_id, e.book from app.entry e
				where e.contract_id = part.contract_id and e.entry_id >= part.first
					and e.entry_id <= part.last and e.xmin = pg_current_xact_id()::xid
				order by e.contract_id, e.entry_id offset 0) limit 1;
		if found then
			raise exception 'entry % of contract % is not of this transaction', bad.entry_id,
				bad.contract_id using errcode = 'check_violation';
		end if;
	end loop;
	return null;
end
$$;
