-- reads: orders_order, loyalty_posting   writes: unaward_batch, a temporary table of this transaction
-- re-run: lays it out anew, in one transaction too. The caller holds the orders since an earlier statement: an award of
-- whom it waited for would not be seen by the statement that waits. Awards made when another amount was paid, or another
-- part of it was for shipping: each is taken back whole, which is a refund of all that it was made on; gives
-- loyalty.ledger.REFUND_COLUMNS, the order, and whose balances it will move.
drop table if exists unaward_batch;
create temporary table unaward_batch on commit drop as
select o.id as order_id, array_remove(array[p.member_id, o.member_id], null) as members, p.id as posting_id,
       made_on.paid as refunded, made_on.paid, p.key || '@' || o.gross || '!' as key, %(note)s::text as note
  from orders_order o
  join orders_channel c on c.id = o.channel_id
 cross join lateral (
       select * from loyalty_posting where source = 'order' and key = c.code || ':' || o.number || '#' || o.award offset 0
 ) p
 cross join lateral (
       select coalesce(nullif(o.award_gross, 0), nullif(o.gross, 0), 1) as paid
 ) made_on
 where o.id = any (%(ids)s) and o.award_gross is not null
