-- reads: relation (loyalty.ledger.CREDIT_COLUMNS)   writes: nothing; draws the ids that the postings will have
-- Rows as they go into literals again: times may be infinite, and what Python makes of a breakdown is not its text.
select nextval('loyalty_posting_id_seq') as id, row_number() over (order by source, key) as n, member_id, points, growth,
       kind, source, key, occurred_at::text, available_at::text, expires_at::text, rule_versions, actor_id, note,
       breakdown::text
  from ({relation}) r
 order by source, key
