-- SPDX-License-Identifier: Apache-2.0
-- Assertions over FOCUS 1.2 rows, from the text of the specification: a row of the answer is a
-- broken rule. Table focus: the columns of the file, all text, null where the file is empty;
-- invoice: id, payable.
select 'decimal ' || k, v from focus, lateral (values
	('BilledCost', "BilledCost"), ('ContractedCost', "ContractedCost"), ('EffectiveCost', "EffectiveCost"),
	('ListCost', "ListCost"), ('PricingQuantity', "PricingQuantity"), ('ConsumedQuantity', "ConsumedQuantity"),
	('ContractedUnitPrice', "ContractedUnitPrice"), ('CommitmentDiscountQuantity', "CommitmentDiscountQuantity")) c(k, v)
where v !~ '^-?(0|[1-9][0-9]*)(\.[0-9]+)?$'
union all
select 'instant', v from focus, unnest(array["BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart",
	"ChargePeriodEnd"]) v where v !~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$'
union all
select 'period', "ChargePeriodStart" from focus
where "ChargePeriodStart" >= "ChargePeriodEnd" or "BillingPeriodStart" >= "BillingPeriodEnd"
union all
select 'price x quantity = cost', "ContractedCost" from focus
where "ContractedUnitPrice"::numeric * "PricingQuantity"::numeric <> "ContractedCost"::numeric
union all
select 'tax has no price', "InvoiceId" from focus where "ChargeCategory" = 'Tax'
	and num_nonnulls("PricingQuantity", "PricingUnit", "ContractedUnitPrice", "PricingCategory", "SkuId", "SkuPriceId") > 0
union all
select 'usage and purchase have a price', "InvoiceId" from focus where "ChargeCategory" in ('Usage', 'Purchase')
	and "ChargeClass" is null
	and num_nulls("PricingQuantity", "PricingUnit", "ContractedUnitPrice", "PricingCategory", "SkuId", "SkuPriceId") > 0
union all
select 'unit with quantity', "InvoiceId" from focus where ("PricingQuantity" is null) <> ("PricingUnit" is null)
	or ("ConsumedQuantity" is null) <> ("ConsumedUnit" is null)
	or ("CommitmentDiscountQuantity" is null) <> ("CommitmentDiscountUnit" is null)
union all
select 'consumed is used', "InvoiceId" from focus where "ConsumedQuantity" is not null
	and ("ChargeCategory" <> 'Usage' or "CommitmentDiscountStatus" = 'Unused')
union all
select 'commitment whole', "InvoiceId" from focus where
	("CommitmentDiscountId" is null and num_nonnulls("CommitmentDiscountCategory", "CommitmentDiscountName",
		"CommitmentDiscountQuantity", "CommitmentDiscountStatus", "CommitmentDiscountType") > 0)
	or ("CommitmentDiscountId" is not null and num_nulls("CommitmentDiscountCategory", "CommitmentDiscountType",
		"CommitmentDiscountQuantity") > 0)
	or ("CommitmentDiscountId" is not null and ("CommitmentDiscountStatus" is not null) <> ("ChargeCategory" = 'Usage'))
union all
select 'correction', "InvoiceId" from focus
where ("ChargeClass" is not distinct from 'Correction') <> ("x_AdjustsInvoiceId" is not null)
union all
select 'details', "SkuPriceDetails" from focus, lateral json_object_keys("SkuPriceDetails"::json) k where k not like 'x\_%'
union all
select 'no such invoice', f."InvoiceId" from focus f where not exists (select from invoice i where i.id = f."InvoiceId")
union all
select 'BilledCost = payable', i.id || ': ' || i.payable || ', ' || coalesce(sum(f."BilledCost"::numeric), 0)
from invoice i left join focus f on f."InvoiceId" = i.id
group by i.id, i.payable having coalesce(sum(f."BilledCost"::numeric), 0) <> i.payable
