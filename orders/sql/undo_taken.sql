-- reads: undo_batch, loyalty_posting   writes: nothing; gives loyalty.ledger.REFUND_COLUMNS
-- The awards that are taken back whole: a refund of all that each was made on.
select u.posting_id, u.basis as refunded, u.basis as paid, p.key || '!' as key, %(note)s::text as note
  from undo_batch u
  join loyalty_posting p on p.id = u.posting_id
 where u.fate = %(fate)s and u.basis > 0
