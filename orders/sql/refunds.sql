-- reads: relation (key, refunded, gross), loyalty_posting   writes: nothing; gives loyalty.ledger.REFUND_COLUMNS
-- The next awards of refunded orders, by the id of their posting.
select p.id as posting_id, r.refunded, r.gross as paid, r.key || '@' || r.refunded as key, '' as note
  from ({relation}) r
  join loyalty_posting p on p.source = 'order' and p.key = r.key
 where p.id > %(after)s
 order by p.id
 limit %(most)s
