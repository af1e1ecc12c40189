-- reads: relation (fallen.sql)   writes: members_member.tier, members_tierchange   re-run: changes nothing
-- Members leave a tier that they only reached by growth that turned out never to have been theirs.
with target as materialized (
    select f.*
      from ({relation}) f
      join members_member m on m.id = f.member_id and m.tier_id = f.from_tier_id
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
