-- reads: relation (loyalty.ledger.CREDIT_COLUMNS)   writes: posting_batch, a temporary table of this session
-- re-run: fails while the table stands. Numbered in the order of the keys, with the ids that the postings will have.
create temporary table posting_batch as
select nextval('loyalty_posting_id_seq') as id, numbered.*
  from (
       select row_number() over (order by source, key) as n, r.*
         from ({relation}) r
        order by source, key
  ) numbered;
create unique index posting_batch_n on posting_batch (n);
analyze posting_batch
