-- SPDX-License-Identifier: Apache-2.0
-- Quarter-hours of prices that are rated from them (counters that several prices share, commitments by
-- the hour): state rows of the pure ledger, as those of 0008.
create table app.fine (
	contract_id bigint not null,
	quarter_us bigint not null,
	version integer not null,
	price integer not null,
	period integer not null,
	class text not null,
	account text not null,
	origin text not null,
	quantity numeric(39) not null,
	primary key (contract_id, quarter_us, version, price, class, account, origin)
) with (fillfactor = 70);
select app.make_tenant('app.fine', null);
grant select on app.fine to ts_service, ts_auditor;
grant insert, update on app.fine to ts_service;
