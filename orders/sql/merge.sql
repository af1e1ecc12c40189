-- reads: orders_stagedrow of one chunk, orders_order, orders_orderline   writes: merged_line, a temporary table of this
-- transaction; locks the known orders   re-run: lays it out anew
-- What a file tells of a line laid over what was told of it before. A later file moves a line on and never back, whatever
-- the order in which files come: the further status stands, and refunds only grow; what was paid in one file and closed in
-- another was given back. Lines of the same orders that the file does not name are there as they are.
-- Orders are probed by their numbers and found by arrays of ids: by joins, a first import, whose orders nobody has counted,
-- would read all orders that it has stored for each of its chunks.
drop table if exists merged_line;
create temporary table merged_line on commit drop as
with ranked (status, rank) as (
    values ('unknown', 0), ('unpaid', 1), ('hold', 2), ('paid', 3), ('completed', 4), ('partially_refunded', 5), ('closed', 6),
           ('refunded', 7)
),
staged as materialized (
    select distinct on (s.number, s.row_key) s.*, r.rank
      from orders_stagedrow s
      join ranked r on r.status = s.status
     where s.order_import_id = %(order_import)s and s.number > %(after)s and s.number <= %(upto)s
     order by s.number, s.row_key, r.rank desc, s.refunded desc, s.line desc
),
found as materialized (
    select o.id
      from (select distinct number from staged) s
     cross join lateral (
           select id from orders_order where channel_id = %(channel)s and number = s.number offset 0
     ) o
),
known as materialized (
    select o.id, o.number
      from orders_order o
     where o.id = any (array(select id from found))
     order by o.id
       for no key update
),
told as (
    select known.number, l.*, r.rank
      from known
      join orders_orderline l on l.order_id = known.id and l.order_id = any (array(select id from found))
      join ranked r on r.status = l.status
)
select coalesce(t.order_id, known.id) as order_id, t.id as line_id, m.*,
       (t.status, t.gross, t.refunded, t.shipping, t.ordered_at, t.paid_at, t.completed_at, t.title, t.sku, t.quantity, t.word)
       is distinct from
       (m.status, m.gross, m.refunded, m.shipping, m.ordered_at, m.paid_at, m.completed_at, m.title, m.sku, m.quantity, m.word)
           as changed,
       s.buyer, s.phone, s.phone_end
  from staged s
  full join told t on t.number = s.number and t.row_key = s.row_key
  left join known on known.number = s.number
  left join lateral (select s.* where t.rank is null or s.rank >= t.rank) newer on true
 cross join lateral (
       select s.status = 'closed' and t.gross > 0 and t.status <> 'unknown'
              or t.status = 'closed' and s.gross > 0 and s.status <> 'unknown' as closed
 ) back
 cross join lateral (
       select coalesce(s.number, t.number) as number, coalesce(s.row_key, t.row_key) as row_key,
              case when closed then 'refunded' else coalesce(newer.status, t.status, s.status) end as status,
              case when closed then greatest(t.gross, s.gross) else coalesce(newer.gross, t.gross, s.gross) end as gross,
              case
                  when closed then greatest(t.gross, s.gross)
                  when left(t.row_key, 1) = '↩' then greatest(t.refunded, s.refunded)
                  else greatest(coalesce(newer.refunded, t.refunded, s.refunded),
                                least(coalesce(t.refunded, 0), coalesce(newer.gross, t.gross)))
              end as refunded,
              case
                  when closed then greatest(t.shipping, s.shipping)
                  else coalesce(newer.shipping, t.shipping, s.shipping)
              end as shipping,
              coalesce(s.ordered_at, t.ordered_at) as ordered_at,
              coalesce(newer.paid_at, t.paid_at, s.paid_at) as paid_at,
              coalesce(newer.completed_at, t.completed_at, s.completed_at) as completed_at,
              coalesce(nullif(s.title, ''), t.title, s.title) as title,
              coalesce(nullif(s.sku, ''), t.sku, s.sku) as sku,
              case when s.title = '' then coalesce(t.quantity, s.quantity) else coalesce(s.quantity, t.quantity) end
                  as quantity,
              case when coalesce(newer.status, t.status) = 'unknown' then coalesce(newer.word, t.word) else '' end as word
 ) m;
analyze merged_line (order_id, line_id, number, row_key, changed)
