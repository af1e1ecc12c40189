-- reads: the relation (member_id), mall_coupontype, mall_coupon, mall_gift, mall_redemption, members_member, members_tier
-- writes: nothing
-- Of these members those who may get a coupon of a type, and no more of them than are left: live, of its tier, with
-- fewer than one may have, and not given one by this key before.
select m.id as member_id
  from mall_coupontype t
  join members_member m on m.id in (select wanted.member_id from ({relation}) wanted) and m.merged_into_id is null
  left join members_tier held on held.id = m.tier_id
  left join members_tier asked on asked.id = t.tier_id
  left join lateral (
       select count(*) + mall_coupons_held(t.id, m.id) as number
         from mall_coupon c
        where c.type_id = t.id and c.member_id = m.id and c.voided_at is null and t.limit_per_member is not null
  ) his on t.limit_per_member is not null
 where t.id = %(type)s
   and t.active
   and coalesce(mall_ends_at(greatest(%(at)s, t.valid_from), t.valid_days, t.valid_until) > %(at)s, true)
   and (t.tier_id is null or case when t.tier_exactly then held.id = asked.id else held.rank >= asked.rank end)
   and (t.limit_per_member is null or his.number < t.limit_per_member)
   and not exists (select from mall_coupon c
                    where c.type_id = t.id and c.member_id = m.id and c.given_key = %(key)s and %(key)s <> '')
 order by m.id
 limit (select case when limit_total is not null then greatest(limit_total - issued - mall_coupons_held(id, null), 0) end
          from mall_coupontype where id = %(type)s)
