-- reads: the relation (member_id, why)   writes: mall_coupon, mall_couponleftout, mall_coupontype.issued (by a trigger)
-- re-run: gives nothing twice for one key
-- Give a coupon to each of these members who may get one and list the others. The caller holds the rows of round and type.
-- Returns how many there are, how many have it, and the last id.
with judged as materialized (
    {relation}
), given as (
    insert into mall_coupon (type_id, member_id, issued_at, source, given_by_id, given_key, note)
    select %(type)s, judged.member_id, %(at)s, 'GIVEN', %(actor)s, %(key)s, %(note)s
      from judged
     where judged.why is null
     order by judged.member_id
        on conflict (type_id, member_id, given_key) where given_key <> '' do nothing
), out as (
    insert into mall_couponleftout (round_id, member_id, why)
    select %(round)s, judged.member_id, judged.why from judged where judged.why is not null
)
select count(*), count(*) filter (where why is null), coalesce(max(member_id), 0)
  from judged
