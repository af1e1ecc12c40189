-- reads: mall_redemption, mall_payment, mall_refund   writes: nothing   re-run: any time
-- What was kept of the yuan is what a redemption costs, less the share of the pieces that went back (in cents, rounded
-- down), and nothing before it is paid. Money that came too late or twice, or that is another amount, goes back in full. Any row is a drift.
select 'redemption ' || r.id as subject, concat('is ', r.state, ' for ', r.cash, ' yuan, kept ', kept.yuan) as detail
  from mall_redemption r
 cross join lateral (
       select coalesce(sum(p.amount), 0) - coalesce(sum(back.yuan), 0) as yuan
         from mall_payment p
        cross join lateral (select coalesce(sum(amount), 0) as yuan from mall_refund where payment_id = p.id) back
        where p.redemption_id = r.id and p.state = 'PAID'
  ) kept
 where r.cash > 0
   and kept.yuan <> case when r.state = 'UNPAID' then 0 else r.cash - trunc(r.cash * r.returned / r.quantity, 2) end
union all
select 'payment ' || p.id, concat('of ', p.amount, ' yuan for a redemption of ', r.cash)
  from mall_payment p
  join mall_redemption r on r.id = p.redemption_id
 where p.amount <> r.cash
union all
select 'redemption ' || r.id, 'ended with an open payment'
  from mall_redemption r
  join mall_payment p on p.redemption_id = r.id and p.state = 'OPEN'
 where r.state in ('CANCELLED', 'RETURNED')
 order by 1
