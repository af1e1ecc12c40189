-- reads: unaward_batch   writes: orders_order: the next award has the next number, and is made on what is paid now
-- re-run: changes nothing.
update orders_order o
   set award = o.award + (exists (select from unaward_batch u where u.order_id = o.id))::int, award_gross = null
 where o.id = any (%(ids)s)
