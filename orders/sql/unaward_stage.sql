-- reads: orders_order, loyalty_posting   writes: unaward_batch, a temporary table of this transaction; locks the orders
-- re-run: lays it out anew, in one transaction too. Awards made when another amount was paid, or another part of it was
-- for shipping: each is taken back whole, which is a refund of all that it was made on; gives loyalty.ledger.REFUND_COLUMNS.
drop table if exists unaward_batch;
create temporary table unaward_batch on commit drop as
with locked as (
    select o.*, c.code
      from orders_order o
      join orders_channel c on c.id = o.channel_id
     where o.id = any (%(ids)s)
     order by o.id
       for update of o
)
select o.id as order_id, p.id as posting_id, o.award_gross as refunded, o.award_gross as paid,
       p.key || '@' || o.gross || '!' as key, %(note)s::text as note
  from locked o
 cross join lateral (
       select * from loyalty_posting where source = 'order' and key = o.code || ':' || o.number || '#' || o.award offset 0
 ) p
 where o.award_gross > 0
