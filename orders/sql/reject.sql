-- reads: orders_stagedrow, orders_order, orders_orderline   writes: orders_rejectedrow; takes the rows off orders_stagedrow
-- re-run: they are gone. Rows of orders that another channel of the same platform
-- (`others`) has: they would earn twice; what an after-sale gave back ('↩part↩its number') of an order or a part of it that
-- is not known. Of the numbers after `after`, up to `upto` (null: all). Returns how many rows, of how many orders.
with impossible as (
    delete from orders_stagedrow s
     where s.order_import_id = %(order_import)s and s.number > %(after)s
       and (%(upto)s::text is null or s.number <= %(upto)s)
       and (exists (select from orders_order o where o.channel_id = any (%(others)s::bigint[]) and o.number = s.number)
            or left(s.row_key, 1) = '↩'
               and not exists (
                   select from orders_order o
                     join orders_orderline l on l.order_id = o.id
                    where o.channel_id = %(channel)s and o.number = s.number
                      and (left(l.row_key, 1) in ('', '=') or split_part(s.row_key, '↩', 2) in ('', l.row_key))
               ))
    returning s.line, s.number, s.row_key,
              case
                  when exists (select from orders_order o
                                where o.channel_id = any (%(others)s::bigint[]) and o.number = s.number) then 'elsewhere'
                  when exists (select from orders_order o where o.channel_id = %(channel)s and o.number = s.number)
                  then 'no part'
                  else 'no order'
              end as why
),
told as (
    insert into orders_rejectedrow (order_import_id, line, number, "column", value, reason)
    select %(order_import)s, line, number, '',
           case why when 'no part' then split_part(row_key, '↩', 2) else number end,
           case why
               when 'elsewhere' then %(elsewhere)s
               when 'no part' then %(no_part)s
               else %(no_order)s
           end
      from impossible
     order by line
)
select count(*), count(distinct number) from impossible
