-- reads: relation (member_id, growth: the most that he ever had), members_tier, members_tierchange   writes: nothing
-- Who has a tier that this growth does not give: neither by today's thresholds nor by a step that he made with as much, and
-- it is not the one that he began with (aggregated: a limit would have all steps of all members read in their order). Gives
-- member_id, from_tier_id, to_tier_id, growth.
select m.id as member_id, m.tier_id as from_tier_id, t.id as to_tier_id, s.growth
  from ({relation}) s
  join members_member m on m.id = s.member_id
  join members_tier held on held.id = m.tier_id
  left join lateral (
       select r.id, r.rank
         from members_tier r
        where r.threshold <= s.growth
           or exists (select from members_tierchange c
                       where c.member_id = m.id and c.to_tier_id = r.id and c.growth <= s.growth)
           or r.id = (select (array_agg(c.from_tier_id order by c.id))[1] from members_tierchange c where c.member_id = m.id)
        order by r.rank desc
        limit 1
  ) t on true
 where coalesce(t.rank, 0) < held.rank
   and exists (select from members_tierchange c where c.member_id = m.id and c.to_tier_id = held.id and c.growth > s.growth)
