-- reads: mall_coupontype, mall_coupon, mall_couponuse, mall_redemption   writes: nothing   re-run: any time
-- A coupon stands where its trail says, and its type counts what is there; a use took off what the coupon is worth; a
-- redemption holds as many coupons as it was for, less those that went back. Any row is a drift.
select 'coupon ' || c.id as subject,
       concat('its use is ', coalesce(c.use_id::text, 'none'), ', its trail says ', coalesce(stands.id::text, 'none')) as detail
  from mall_coupon c
  left join mall_couponuse stands
    on stands.coupon_id = c.id and stands.what = 'USED'
   and not exists (select from mall_couponuse back where back.ends_id = stands.id)
 where c.use_id is distinct from stands.id
union all
select 'coupon use ' || u.id,
       concat('took ¥', u.amount_off, ' off ¥', u.order_amount, ' and ¥', u.shipping, ': coupon ', c.id, ' is worth otherwise')
  from mall_couponuse u
  join mall_coupon c on c.id = u.coupon_id
 where u.what = 'USED'
   and (u.order_amount < c.minimum_spend
        or u.amount_off <> least(case c.kind when 'AMOUNT' then least(c.value, u.order_amount)
                                             when 'PERCENT' then round(u.order_amount * c.value / 100, 2)
                                             else u.shipping end, c.most_off))
union all
select 'coupon use ' || back.id, concat('does not end use ', back.ends_id, ' of its coupon')
  from mall_couponuse back
  join mall_couponuse u on u.id = back.ends_id
 where (u.what, u.coupon_id, u.order_reference, u.amount_off)
       <> ('USED', back.coupon_id, back.order_reference, back.amount_off)
union all
select 'coupon type ' || t.id,
       concat('counts ', t.issued, ' issued, ', t.used, ' used, ¥', t.discount,
              '; there are ', there.issued, ', ', there.used, ', ¥', there.discount)
  from mall_coupontype t
 cross join lateral (
       select count(*) filter (where c.voided_at is null) as issued, count(u.id) as used,
              coalesce(sum(u.amount_off), 0) as discount
         from mall_coupon c
         left join mall_couponuse u on u.id = c.use_id
        where c.type_id = t.id
  ) there
 where (t.issued, t.used, t.discount) <> (there.issued, there.used, there.discount)
union all
select 'redemption ' || r.id,
       concat('is ', r.state, ' for ', r.quantity, ' less ', r.returned, ' and holds ', held.coupons, ' coupons')
  from mall_redemption r
 cross join lateral (
       select count(*) as coupons from mall_coupon where redemption_id = r.id and voided_at is null
  ) held
 where r.kind = 'COUPON'
   and held.coupons <> case when r.state = 'UNPAID' then 0 else r.quantity - r.returned end
 order by 1
