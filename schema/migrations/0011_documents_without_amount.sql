-- SPDX-License-Identifier: Apache-2.0
-- A document whose amounts are all zero posts an entry without legs in each book, so that its hash
-- stands in the journal. Every other entry has legs.
create or replace function app.check_entries() returns trigger
language plpgsql set search_path = pg_catalog
as $$
declare
	bad record;
begin
	select e.contract_id, e.entry_id into bad from new_entries e
		where not (e.kind in ('invoice', 'credit_note') and e.document is not null)
			and not exists (select from app.leg l where l.contract_id = e.contract_id
				and l.entry_id = e.entry_id) limit 1;
	if found then
		raise exception 'entry % of contract % has no legs', bad.entry_id, bad.contract_id
			using errcode = 'check_violation';
	end if;
	select e.contract_id, e.entry_id, e.effective into bad from new_entries e
		where exists (select from app.seal s where s.contract_id = e.contract_id and s.book = e.book
			and e.effective <= s.through) limit 1;
	if found then
		raise exception 'entry % of contract % falls on %, which is sealed', bad.entry_id,
			bad.contract_id, bad.effective using errcode = 'check_violation';
	end if;
	return null;
end
$$;
