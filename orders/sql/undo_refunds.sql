-- reads: undo_batch, orders_order, loyalty_posting   writes: nothing; gives loyalty.ledger.REFUND_COLUMNS
-- What had been refunded of the orders whose awards were given again.
select p.id as posting_id, o.refunded, coalesce(o.award_gross, o.gross) as paid, p.key || '@' || o.refunded as key,
       ''::text as note
  from undo_batch u
  join orders_order o on o.id = u.order_id and o.refunded > 0 and o.refunded <= coalesce(o.award_gross, o.gross)
 cross join lateral (
       select * from loyalty_posting where source = 'order' and key = u.code || ':' || u.number || '#' || u.award offset 0
 ) p
 where u.again_id is not null
