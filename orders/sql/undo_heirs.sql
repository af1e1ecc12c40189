-- reads: undo_batch (order_id, heir)   writes: orders_orderretelling, orders_orderbefore, orders_order
-- re-run: changes nothing. Who tells an order as the import does takes the import's place in its past: undone later, he
-- leaves it to the next of them, and the last one takes it back.
insert into orders_orderretelling (order_import_id, author_id, orders)
select r.order_import_id, u.heir, array_agg(u.order_id order by u.order_id)
  from (select min(order_id) as first, max(order_id) as last from undo_batch where heir is not null) range
  join orders_orderretelling r on r.author_id = %(order_import)s
                              and r.orders[1] <= range.last and r.orders[cardinality(r.orders)] >= range.first
 cross join unnest(r.orders) told (id)
  join undo_batch u on u.order_id = told.id and u.heir <> r.order_import_id
 group by r.order_import_id, u.heir;

update orders_orderbefore b
   set author_id = u.heir
  from undo_batch u
 where b.order_id = u.order_id and u.heir is not null and b.author_id = %(order_import)s;

delete from orders_orderbefore b
 using undo_batch u
 where b.order_id = u.order_id and u.heir is not null and b.order_import_id = %(order_import)s
   and exists (select from orders_orderbefore h where h.order_id = u.order_id and h.order_import_id = u.heir);

update orders_orderbefore b
   set order_import_id = u.heir
  from undo_batch u
 where b.order_id = u.order_id and u.heir is not null and b.order_import_id = %(order_import)s;

update orders_order o
   set first_import_id = case when o.first_import_id = %(order_import)s then u.heir else o.first_import_id end,
       last_import_id = case when o.last_import_id = %(order_import)s then u.heir else o.last_import_id end
  from undo_batch u
 where o.id = u.order_id and u.heir is not null
