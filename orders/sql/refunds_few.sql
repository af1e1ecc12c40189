-- reads: relation (key, refunded, gross), loyalty_posting   writes: nothing; gives loyalty.ledger.REFUND_COLUMNS
-- What refunds.sql lays out, for some tens of orders.
select p.id as posting_id, r.refunded, r.gross as paid, r.key || '@' || r.refunded as key, ''::text as note
  from ({relation}) r
 cross join lateral (
       select * from loyalty_posting where source = 'order' and key = r.key offset 0
 ) p
