-- reads: loyalty_posting   writes: orders_order.award_gross   re-run: changes nothing
-- What was paid and what was awarded agree for orders that are nobody's, or have an award now.
update orders_order o
   set award_gross = null
  from orders_channel c
 where o.id = any (%(ids)s) and c.id = o.channel_id
   and (o.member_id is null
        or (select id from loyalty_posting where source = 'order' and key = c.code || ':' || o.number || '#' || o.award) is not null)
