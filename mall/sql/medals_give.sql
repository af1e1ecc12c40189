-- reads: members_member   writes: mall_medal   re-run: gives nothing
-- Give a medal to live members who do not wear it yet; returns who got it.
insert into mall_medal (gift_id, member_id, given_at, given_by_id, note)
select %(gift)s, m.id, %(at)s, %(actor)s, %(note)s
  from members_member m
 where m.id = any(%(members)s::bigint[]) and m.merged_into_id is null
 order by m.id
    on conflict (member_id, gift_id) where taken_at is null do nothing
returning member_id
