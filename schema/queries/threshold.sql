-- SPDX-License-Identifier: Apache-2.0
-- Steps of use that were reached.

-- name: threshold_reach
-- in: contract, period, kinds, items, highest steps (percent) of each, at; out: steps that were not
-- reached before, by place in the arrays
insert into app.threshold (contract_id, period, kind, item, percent, at)
select $1::bigint, $2::integer, r.kind, r.item, s.percent::smallint, $6::timestamptz
from unnest($3::text[], $4::text[], $5::smallint[]) as r (kind, item, top),
	generate_series(5, r.top, 5) as s (percent)
on conflict do nothing
returning kind, item, percent
