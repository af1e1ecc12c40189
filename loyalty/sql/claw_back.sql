-- reads: relation (loyalty.ledger.REFUND_COLUMNS)   writes: CLAW_BACK postings and their moves
-- re-run: an award that stands where it should is left alone.
select loyalty_claw_back(
           array_agg(posting_id order by key), array_agg(refunded order by key), array_agg(paid order by key),
           array_agg(key order by key), array_agg(note order by key), %(at)s, %(clamp)s)
  from ({relation}) refund
having count(*) > 0
