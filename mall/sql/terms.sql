-- reads: mall_gift, mall_gifttier, mall_giftwindow, mall_redemption, mall_wongift, mall_coupontype, mall_coupon, members_tier, loyalty_campaign, members_programme
-- writes: nothing
-- What gifts ask of one member at a moment, by the same functions as `mall_redeem`: points and yuan for a piece, whether it is
-- open for him, when it opens if it is not, what his limits leave him, the limit that leaves least; of a coupon how many are
-- left for all, the tier that it is for, whether for that one alone, and whether he has it.
select g.id, coalesce(own.points, g.points), coalesce(own.cash, g.cash), now_open.open,
       case when not now_open.open
            then mall_next_opening(g, %(at)s) - make_interval(hours => coalesce(own.hours_earlier, 0)) end,
       least_left.pieces, least_left.name, mall_coupons_there(coupon, %(at)s),
       asked.name, coalesce(coupon.tier_exactly, false), mall_tier_fits(%(tier_id)s, coupon.tier_id, coupon.tier_exactly)
  from mall_gift g
  left join mall_gifttier own on own.gift_id = g.id and own.tier_id = %(tier_id)s
 cross join lateral (select mall_open_earlier(g, %(at)s, own.hours_earlier) as open) now_open
  left join mall_coupontype coupon on coupon.id = g.coupon_type_id
  left join members_tier asked on asked.id = coupon.tier_id
  left join lateral (
       select period.name, period.most - coalesce(sum(r.quantity - r.returned), 0) as pieces
         from (values ('order', g.limit_per_order), ('day', g.limit_per_day), ('week', g.limit_per_week),
                      ('month', g.limit_per_month), ('ever', g.limit_per_member)) period (name, most)
         left join mall_redemption r
           on r.member_id = %(member_id)s and r.gift_id = g.id and mall_counts_by_limits(r)
          and case period.name
                  when 'order' then false
                  when 'ever' then true
                  else r.placed_at >= date_trunc(period.name, %(at)s::timestamptz at time zone mall_zone())
                                      at time zone mall_zone()
              end
        where period.most is not null
        group by period.name, period.most
        union all
       select 'ever', mall_coupons_for(coupon, %(member_id)s) where coupon.limit_per_member is not null
        order by pieces
        limit 1
  ) least_left on true
 where g.id = any(%(gifts)s::bigint[])
