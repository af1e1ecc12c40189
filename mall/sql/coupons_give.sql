-- reads: the relation (member_id)   writes: mall_coupon, mall_coupontype.issued (by its trigger)
-- re-run: gives nothing twice for one key
-- Give a coupon of a type to each of these members; the caller holds the type's row.
insert into mall_coupon (type_id, member_id, issued_at, source, given_by_id, given_key, note)
select %(type)s, fit.member_id, %(at)s, 'GIVEN', %(actor)s, %(key)s, %(note)s
  from ({relation}) fit
 order by fit.member_id
    on conflict (type_id, member_id, given_key) where given_key <> '' do nothing
returning member_id
