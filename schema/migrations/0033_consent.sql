-- SPDX-License-Identifier: Apache-2.0
-- A consent of both companies lets count what came too late for a period: the leaf from which lines
-- are late moves up, and never back.
create or replace function app.refuse_reopening() returns trigger
language plpgsql set search_path = pg_catalog
as $$
begin
	if old.cut and (not new.cut or new.cut_leaf <> old.cut_leaf or new.cut_to <> old.cut_to)
		or old.issued and not new.issued
		or new.late_from < old.late_from then
		raise exception 'period % of contract % is cut', old.idx, old.contract_id
			using errcode = 'restrict_violation';
	end if;
	return new;
end
$$;
