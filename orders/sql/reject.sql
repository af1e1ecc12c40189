-- reads: orders_stagedrow, orders_order   writes: orders_rejectedrow; takes the rows off orders_stagedrow
-- re-run: they are gone. Rows with a time that has not come yet, and rows of orders that another channel of the same
-- platform (`others`) has: they would earn twice.
with impossible as (
    delete from orders_stagedrow s
     where s.order_import_id = %(order_import)s
       and (greatest(s.ordered_at, s.paid_at, s.completed_at) > %(until)s
            or exists (select from orders_order o where o.channel_id = any (%(others)s::bigint[]) and o.number = s.number))
    returning s.line, s.number, greatest(s.ordered_at, s.paid_at, s.completed_at) as latest
),
told as (
    insert into orders_rejectedrow (order_import_id, line, number, "column", value, reason)
    select %(order_import)s, line, number, '', case when latest > %(until)s then (latest at time zone %(zone)s)::text else number end,
           case when latest > %(until)s then %(ahead)s else %(elsewhere)s end
      from impossible
     order by line
)
select count(*) from impossible
