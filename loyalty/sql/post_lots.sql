-- reads: relation (id, n, CREDIT_COLUMNS), loyalty_posting   writes: loyalty_lot, and by its trigger loyalty_balance
-- re-run: the lot of a posting is unique. Runs after post.sql, which has locked the members.
-- Where all postings are new they need not be looked up, which would read the whole table for each chunk of a first import.
insert into loyalty_lot (posting_id, member_id, granted, remaining, occurred_at, available_at, expires_at, seal)
select b.id, b.member_id, b.points, b.points, b.occurred_at, b.available_at, coalesce(b.expires_at, 'infinity'),
       loyalty_lot_seal(b.id, b.member_id, b.points, b.occurred_at, b.available_at, coalesce(b.expires_at, 'infinity'))
  from ({relation}) b
 where b.points > 0 and (%(all_new)s or exists (select from loyalty_posting p where p.id = b.id))
 order by b.n
