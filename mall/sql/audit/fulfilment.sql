-- reads: mall_gift, mall_giftshard, mall_redemption, mall_couponcode, mall_voucher, mall_medal   writes: nothing   re-run: any time
-- A pool's free codes are its stock; a redemption holds what it was for, less the pieces that went back. Any
-- row is a drift.
select 'gift ' || g.id as subject, concat(mall_left(g), ' in stock, ', free.codes, ' free codes') as detail
  from mall_gift g
 cross join lateral (
       select count(*) as codes from mall_couponcode
        where gift_id = g.id and redemption_id is null and voided_at is null
  ) free
 where g.kind = 'CODE' and mall_left(g) <> free.codes
union all
select 'redemption ' || r.id, concat('is ', r.state, ' for ', r.quantity, ' less ', r.returned, ' and holds ', held.pieces)
  from mall_redemption r
 cross join lateral (
       select case r.kind
                  when 'CODE' then (select count(*) from mall_couponcode
                                     where redemption_id = r.id and voided_at is null)
                  when 'MEDAL' then (select count(*) from mall_medal
                                      where redemption_id = r.id and taken_at is null)
                  else (select count(*) from mall_voucher where redemption_id = r.id and voided_at is null)
              end as pieces
  ) held
 where r.kind in ('CODE', 'MEDAL', 'PRIVILEGE', 'SEAT')
   and held.pieces <> case when r.state = 'UNPAID' and r.kind <> 'CODE' then 0 else r.quantity - r.returned end
union all
select 'code ' || c.id, 'belongs to another gift than its redemption'
  from mall_couponcode c
  join mall_redemption r on r.id = c.redemption_id
 where r.gift_id <> c.gift_id
 order by 1
