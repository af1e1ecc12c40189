-- reads: orders_order   writes: nothing
-- The next orders to undo of an import: those of a member together, so that he moves once, up to so many of members and so
-- many of nobody; of a member with more than that, the first. (`+ 0`: read by the member, never all of the import again.)
with first as materialized (
    select id, member_id from orders_order where last_import_id = %(order_import)s order by id limit %(batch)s
),
whose as (
    select w.member_id, w.begins, o.ids, sum(cardinality(o.ids)) over (order by w.begins) as together
      from (select member_id, min(id) as begins from first where member_id is not null group by member_id) w
     cross join lateral (
           select array(select id from orders_order
                         where member_id = w.member_id and last_import_id + 0 = %(order_import)s
                         order by id limit %(batch)s) as ids
     ) o
)
select id from first where member_id is null
 union all
select unnest(ids)
  from whose
 where together <= %(batch)s or begins = (select min(begins) from whose)
 order by 1
