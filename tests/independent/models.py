# SPDX-License-Identifier: Apache-2.0
"""Every price model, commitment, discount, cap and service credit of terms.md, small enough that a month reaches all of it."""
COMPUTE = {"section": "Compute", "sku": "h100", "treatment": "local"}
ALONE = {
    "windows": [{"window": "night", "from": "22:00", "to": "06:15"}, {"window": "saturday", "days": ["sat"], "from": "06:15",
        "to": "22:00"}],
    "counters": [{"id": "pool", "scope": "term"}, {"id": "small", "scope": "period"}],
    "prices": [
        {"id": "demand", **COMPUTE, "class": "on_demand", "window": "night", "model": "graduated", "counter": "pool",
            "tiers": [{"up_to": "50", "unit_price": "2.111"}, {"unit_price": "1.5"}]},
        {"id": "day", **COMPUTE, "class": "on_demand", "window": "-", "model": "graduated", "counter": "pool",
            "tiers": [{"up_to": "70", "unit_price": "3.0707"}, {"up_to": "110", "unit_price": "2.5"}, {"unit_price": "2.25"}]},
        {"id": "saturday", **COMPUTE, "class": "on_demand", "window": "saturday", "model": "volume", "counter": "small",
            "tiers": [{"up_to": "10", "unit_price": "1"}, {"unit_price": "0.99"}]},
        {"id": "reserved", **COMPUTE, "class": "reserved", "model": "per_unit", "unit_price": "2.2"},
        {"id": "spot", **COMPUTE, "class": "spot", "region": "eu", "model": "per_unit", "unit_price": "1.11"},
        {"id": "spot-training", **COMPUTE, "class": "spot", "region": "-", "purpose": "training", "model": "package",
            "package_size": "10", "package_price": "100", "counter": "term"},
        {"id": "spot-rest", **COMPUTE, "class": "spot", "region": "-", "purpose": "-", "model": "volume", "counter": "small",
            "tiers": [{"up_to": "20", "unit_price": "1.3"}, {"unit_price": "1.2"}]},
        {"id": "egress", "section": "Network", "sku": "egress", "class": "*", "model": "graduated", "counter": "term",
            "tiers": [{"up_to": "100", "unit_price": "0.09", "flat": "3.00"}, {"unit_price": "4.5", "package_size": "50",
            "flat": "1.23"}], "treatment": "reverse"}],
    "fees": [{"id": "capacity", "section": "Racks", "description": "Racks", "treatment": "local", "blocks": [
        {"count": 8, "amount": "100.01", "accepted": "2026-05-01"},
        {"count": 8, "amount": "100.01", "accepted": "2026-06-20", "to": "2026-07-11"}]}],
    "discounts": [{"id": "ten", "percent": "10.5", "on": {"prices": ["demand", "day", "saturday"]}},
        {"id": "racks", "percent": "3", "on": {"fees": ["capacity"]}},
        {"id": "free", "price": "reserved", "quantity": "5.5"}],
    "commitments": [
        {"id": "hourly", "price": "reserved", "per": "hour", "window": "-", "overage_unit_price": "4", "shortfall_unit_price":
            "2.2", "schedule": [{"from": "2026-06-12", "to": "2026-06-16", "quantity": "4"}, {"from": "2026-07-05", "to":
            "2026-07-09", "quantity": "2"}]},
        {"id": "quarters", "price": "reserved", "per": "quarter_hour", "shortfall_unit_price": "0.1", "schedule": [
            {"from": "2026-07-20", "to": "2026-07-22", "quantity": "1"}]},
        {"id": "monthly", "price": "spot", "per": "period", "overage_factor": "1.5", "shortfall_unit_price": "1.01",
            "rollover": "0.75", "schedule": [{"from": "2026-06-01", "to": "2026-07-01", "quantity": "500"},
            {"from": "2026-07-01", "quantity": "40"}]}],
    "minimums": [{"id": "floor", "description": "Minimum", "treatment": "local", "counts": ["usage"], "on": {"prices": [
            "reserved", "spot"]}, "overage_factor": "1.25", "schedule": [{"from": "2026-05-01", "amount": "900.00"}]},
        {"id": "tall", "description": "Minimum of all", "treatment": "local", "counts": ["usage", "fees"], "on": {"sections": [
            "Compute", "Racks"]}, "schedule": [{"from": "2026-05-01", "to": "2026-07-21", "amount": "20000.00"}]}],
    "caps": [{"id": "network", "per": "term", "amount": "9.99", "on": {"prices": ["egress"]}},
        {"id": "compute", "per": "period", "on": {"sections": ["Compute", "Racks"]}, "schedule": [
            {"from": "2026-07-01", "amount": "14000.00"}]}],
    "slas": [{"id": "up", "on": {"prices": ["reserved", "spot"]}, "base": "before_true_up", "sku": "h100", "classes": [
            "excluded_maintenance"], "capacity": [{"from": "2026-06-01", "quantity": "8"}], "tiers": [
            {"below": "99.99", "percent": "10"}, {"below": "97", "percent": "30"}], "cap_percent": "25"},
        {"id": "share", "on": {"fees": ["capacity"]}, "base": "after_true_up", "sku": "h100", "classes": [
            "excluded_maintenance"], "capacity": [{"from": "2026-06-01", "quantity": "16"}]}]}
