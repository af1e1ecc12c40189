-- reads: the relation (member_id)   writes: nothing
-- How many members would get a coupon.
select count(*)
  from ({relation}) fit
