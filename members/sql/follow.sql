-- reads: relation (member_id, growth), members_tier   writes: members_member.tier, members_tierchange
-- re-run: changes nothing. LIFETIME: a tier is only ever raised; what a member has is a sub-select, which is asked once more
-- for one who was waited for (a joined row stays as it was).
with standing as (
    {relation}
),
target as materialized (
    select m.id as member_id, m.tier_id as from_tier_id, t.id as to_tier_id, s.growth
      from standing s
      join members_member m on m.id = s.member_id
      join lateral (
           select id, rank from members_tier where threshold <= s.growth order by rank desc limit 1
      ) t on t.rank > coalesce((select rank from members_tier where id = m.tier_id), 0)
     order by m.id
       for no key update of m
),
moved as (
    update members_member m
       set tier_id = t.to_tier_id
      from target t
     where m.id = t.member_id
)
insert into members_tierchange (member_id, from_tier_id, to_tier_id, growth, at)
select member_id, from_tier_id, to_tier_id, growth, %(at)s
  from target
returning member_id
