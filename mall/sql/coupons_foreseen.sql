-- reads: the relation (member_id, why)   writes: nothing
-- How many members would get a coupon (null), and how many would not for which reason.
select why, count(*)
  from ({relation}) judged
 group by why
