-- reads: relation (member_id, …), loyalty_balance   writes: SETTLE postings of those who owe, their moves
-- re-run: nobody owes any more.
select loyalty_settle(array(
    select b.member_id from loyalty_balance b
     where b.debt > 0 and b.points > 0 and b.member_id in (select r.member_id from ({relation}) r)
     order by b.member_id
), %(at)s)
