-- reads: relation (member_id, growth), members_member, members_tier   writes: nothing
-- Which tiers follow.sql would move these members to: from, to, how many.
select held.name, t.name, count(*)
  from ({relation}) s
  join members_member m on m.id = s.member_id
  left join members_tier held on held.id = m.tier_id
  join lateral (
       select id, name, rank from members_tier where threshold <= s.growth order by rank desc limit 1
  ) t on t.rank > coalesce(held.rank, 0)
 group by held.name, held.rank, t.name, t.rank
 order by t.rank, held.rank nulls first
