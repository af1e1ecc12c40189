-- reads: mall_redemption (index redemption_unpaid)   writes: nothing   re-run: any time
-- Is there any unpaid redemption whose time is over? One row or none: who is told "sold out" asks it first.
select id from mall_redemption where state = 'UNPAID' and pay_before <= %(at)s limit 1
