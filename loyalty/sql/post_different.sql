-- reads: relation (id, n, CREDIT_COLUMNS), loyalty_posting   writes: nothing
-- How many keys stand for something else than this relation says.
select count(*)
  from ({relation}) b
  join loyalty_posting p on p.source = b.source and p.key = b.key
 where p.id <> b.id
   and p.payload_hash <> loyalty_payload_hash(b.source, b.key, b.member_id, b.kind, b.points, b.growth, null)
