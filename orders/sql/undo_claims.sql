-- reads: undo_batch, orders_claim   writes: nothing
-- How many claims would wait again: of orders that are nobody's any more.
select count(*)
  from orders_claim c
  join undo_batch u using (order_id)
 where u.loses_member and c.state in ('CREDITED', 'IN_REVIEW')
