-- reads: relation (member_id, growth), members_member, members_tier   writes: nothing
-- Which of these members follow.sql would move now.
select s.member_id
  from ({relation}) s
  join members_member m on m.id = s.member_id
  left join members_tier held on held.id = m.tier_id
  join lateral (
       select rank from members_tier where threshold <= s.growth order by rank desc limit 1
  ) t on t.rank > coalesce(held.rank, 0)
 order by s.member_id
