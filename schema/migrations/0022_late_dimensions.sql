-- SPDX-License-Identifier: Apache-2.0
-- What came too late is known by account and stream too, where the terms price by them.
alter table app.late_cell add column account text not null default '', add column origin text not null default '';
alter table app.late_cell drop constraint late_cell_pkey,
	add primary key (contract_id, quarter_us, sku, class, account, origin);
