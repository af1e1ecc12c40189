-- reads: mall_favourite, mall_gift, mall_giftshard, mall_gifttier, mall_redemption (index redemption_member_gift),
--        mall_wongift, mall_coupontype, mall_coupon, members_member, members_tier, loyalty_lot (index lot_soonest)
-- writes: mall_favourite.ready_at   re-run: changes nothing
-- What a gift asks is worked out once for each tier; what a member has, and what his limits leave him (as in terms.sql), once
-- for each favourite that is open to him. Ready is what `mall_redeem` would give him, one piece.
with asks as materialized (
    select g.id as gift_id, t.id as tier_id, coalesce(own.points, g.points) as points
      from mall_gift g
     cross join (select id, rank from members_tier union all select null, 0) t
      left join mall_gifttier own on own.gift_id = g.id and own.tier_id = t.id
      left join members_tier needed on needed.id = g.minimum_tier_id
     where exists (select from mall_favourite f where f.gift_id = g.id)
       and g.active and (not g.stock_counted or mall_left(g) > 0) and coalesce(needed.rank, 0) <= t.rank
       and mall_open_earlier(g, %(at)s, own.hours_earlier)
       and not exists (select from mall_coupontype c where c.id = g.coupon_type_id
                          and (mall_coupons_there(c, %(at)s) < 1 or not mall_tier_fits(t.id, c.tier_id, c.tier_exactly)))
),
now_ready as (
    select f.id,
           asks.gift_id is not null and asks.points <= (
               select coalesce(sum(l.remaining), 0)
                 from loyalty_lot l
                where l.member_id = f.member_id and l.remaining > 0
                  and l.available_at <= %(at)s and l.expires_at > %(at)s
           )
           and not exists (
               select
                 from mall_gift g
                cross join lateral (
                      values ('day', g.limit_per_day), ('week', g.limit_per_week), ('month', g.limit_per_month),
                             ('ever', g.limit_per_member)) period (name, most)
                where g.id = asks.gift_id
                  and period.most <= (
                      select sum(r.quantity - r.returned)
                        from mall_redemption r
                       where r.member_id = f.member_id and r.gift_id = g.id and mall_counts_by_limits(r)
                         and (period.name = 'ever'
                              or r.placed_at >= date_trunc(nullif(period.name, 'ever'),
                                                           %(at)s::timestamptz at time zone mall_zone())
                                                at time zone mall_zone())
                  )
           )
           and not exists (
               select from mall_coupontype c
                 join mall_gift g on g.coupon_type_id = c.id
                where g.id = asks.gift_id and mall_coupons_for(c, f.member_id) < 1
           ) as ready
      from mall_favourite f
      join members_member m on m.id = f.member_id
      left join asks on asks.gift_id = f.gift_id and asks.tier_id is not distinct from m.tier_id
)
update mall_favourite f
   set ready_at = case when r.ready then %(at)s::timestamptz end
  from now_ready r
 where r.id = f.id and r.ready <> (f.ready_at is not null)
returning f.id
