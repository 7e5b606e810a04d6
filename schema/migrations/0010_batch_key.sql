-- SPDX-License-Identifier: Apache-2.0
-- Settle fills batch_key from the lines that a batch keeps, no longer from usage rows of the open
-- month. So nobody has to summarise BRIN ranges in a transaction any more (or to switch sequential
-- scans off, as this function did too): autovacuum does it.
drop function app.partition_summarize(integer);
