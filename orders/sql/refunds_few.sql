-- reads: relation (key, refunded, gross), loyalty_posting   writes: nothing; gives loyalty.ledger.REFUND_COLUMNS
-- What refunds.sql lays out, for some tens of orders.
select p.id as posting_id, r.refunded, r.gross as paid, r.key || '@' || r.refunded as key, ''::text as note
  from ({relation}) r
  join loyalty_posting p on p.source = 'order' and p.key = r.key
