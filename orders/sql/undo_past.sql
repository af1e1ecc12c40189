-- reads: relation (id), orders_orderbefore, orders_orderretelling   writes: orders_orderbefore, orders_order, undo_batch (a
-- temporary table of this transaction)   re-run: the import has no place in these orders' past any more
-- Orders that later imports changed stay as they are. Their past loses the import: the next one to change an order
-- changed it from what it was before, or brought it.
drop table if exists undo_batch;
create temporary table undo_batch on commit drop as
with later as materialized (
    select b.* from orders_orderbefore b where b.author_id = %(order_import)s and b.order_id in ({relation})
),
other as (
    select told.id, min(r.order_import_id) as heir
      from (select min(order_id) as first, max(order_id) as last from later) range
      join orders_orderretelling r on r.author_id = %(order_import)s
                                  and r.orders[1] <= range.last and r.orders[cardinality(r.orders)] >= range.first
     cross join unnest(r.orders) told (id)
     group by told.id
)
select b.order_id, b.id as later_id, b.order_import_id as later, was.id as before_id, other.heir
  from later b
  left join other on other.id = b.order_id
  left join orders_orderbefore was on was.order_id = b.order_id and was.order_import_id = %(order_import)s
                                  and was.author_id is not null;
analyze undo_batch;

update orders_orderbefore b
   set was = w.was, lines = w.lines, posting = w.posting, author_id = w.author_id,
       given_to_id = coalesce(w.given_to_id, b.given_to_id)
  from undo_batch u
  join orders_orderbefore w on w.id = u.before_id
 where u.heir is null and b.id = u.later_id;

delete from orders_orderbefore b using undo_batch u where u.heir is null and b.id = u.before_id;

update orders_order o
   set first_import_id = u.later
  from undo_batch u
 where u.heir is null and u.before_id is null and o.id = u.order_id and o.first_import_id = %(order_import)s;

delete from orders_orderbefore b
 using undo_batch u
  join orders_order o on o.id = u.order_id
 where u.heir is null and u.before_id is null and b.id = u.later_id and o.first_import_id = u.later;

update orders_orderbefore b
   set author_id = o.first_import_id
  from undo_batch u
  join orders_order o on o.id = u.order_id
 where u.heir is null and b.id = u.later_id and b.author_id = %(order_import)s
