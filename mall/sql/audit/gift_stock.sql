-- reads: mall_gift, mall_giftshard, mall_stockchange, mall_redemption   writes: nothing   re-run: any time
-- What staff put in is what lies there and what redemptions hold. Goods that came back unfit are written off by
-- a stock change of their own, so this holds after every return.
-- There are shards only of gifts that are marked as a rush. Any row is a drift.
select 'gift ' || g.id as subject,
       concat(put.quantity, ' put in, ', mall_left(g), ' in stock and ', held.quantity, ' redeemed') as detail
  from mall_gift g
  cross join lateral (
       select coalesce(sum(quantity), 0) as quantity from mall_stockchange where gift_id = g.id
  ) put
  cross join lateral (
       select coalesce(sum(quantity - returned), 0) as quantity
         from mall_redemption
        where gift_id = g.id and takes_stock
  ) held
 where put.quantity <> mall_left(g) + held.quantity
 union all
select 'gift ' || gift_id, 'has shards and is not marked as a rush'
  from mall_giftshard
 where gift_id in (select id from mall_gift where not rush)
 group by gift_id
 order by 1
