-- reads: the relation (member_id), mall_coupontype, mall_coupon, mall_gift, mall_redemption, members_member, members_tier
-- writes: nothing
-- Of each of these members why he may not get one more coupon of a type at a moment; null: he may. Of what is left of all,
-- those with the lowest ids get it. What waits to be paid is looked up only for who has such an order: most have none.
select judged.member_id,
       case when judged.why is null
                 and row_number() over (partition by judged.why order by judged.member_id)
                     > judged.limit_total - judged.taken
            then 'NONE_LEFT'
            else judged.why end as why
  from (select m.id as member_id,
               t.limit_total,
               t.taken,
               case when m.merged_into_id is not null then 'MERGED'
                    when not t.active or t.ends_at <= %(at)s then 'STOPPED'
                    when t.tier_id is not null
                         and (case when t.tier_exactly then held.id = asked.id else held.rank >= asked.rank end) is not true
                    then 'TIER'
                    when t.limit_per_member is not null
                         and t.limit_per_member <= case when unpaid.member_id is null then 0 else mall_coupons_held(t.id, m.id) end
                             + (select count(*) from mall_coupon c
                                 where c.type_id = t.id and c.member_id = m.id and c.voided_at is null)
                    then 'LIMIT' end as why
          from ({relation}) wanted
          join members_member m on m.id = wanted.member_id
         cross join (
               select *,
                      issued + case when limit_total is not null then mall_coupons_held(id, null) else 0 end as taken,
                      mall_ends_at(greatest(%(at)s, valid_from), valid_days, valid_until) as ends_at
                 from mall_coupontype
                where id = %(type)s
                offset 0
         ) t
          left join (
               select distinct r.member_id
                 from mall_gift g
                 join mall_redemption r on r.gift_id = g.id and r.state = 'UNPAID'
                where g.coupon_type_id = %(type)s
          ) unpaid on unpaid.member_id = m.id
          left join members_tier held on held.id = m.tier_id
          left join members_tier asked on asked.id = t.tier_id) judged
