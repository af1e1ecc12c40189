-- reads: undo_batch, loyalty_posting, loyalty_lot   writes: nothing; gives loyalty.ledger.CREDIT_COLUMNS
-- The awards that orders had before an import changed them, point for point, under their next number.
select p.member_id, p.points, p.growth, p.kind, p.source, u.code || ':' || u.number || '#' || u.award as key, p.occurred_at,
       l.available_at, l.expires_at, p.rule_versions, null::bigint as actor_id, p.note, p.breakdown
  from undo_batch u
  join loyalty_posting p on p.id = u.again_id
  left join loyalty_lot l on l.posting_id = p.id
