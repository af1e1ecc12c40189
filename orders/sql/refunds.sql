-- reads: relation (key, refunded, gross), loyalty_posting   writes: refund_batch, a temporary table of this session
-- re-run: fails while the table stands. Refunds of awarded orders, numbered; gives loyalty.ledger.REFUND_COLUMNS. Laid out
-- once, for batches of them: amounts that have grown meanwhile do no harm, for what is taken back converges (law 9).
create temporary table refund_batch as
select row_number() over (order by p.id) as n, p.id as posting_id, r.refunded, r.gross as paid,
       r.key || '@' || r.refunded as key, ''::text as note
  from ({relation}) r
 cross join lateral (
       select * from loyalty_posting where source = 'order' and key = r.key offset 0
 ) p;
create unique index refund_batch_n on refund_batch (n)
