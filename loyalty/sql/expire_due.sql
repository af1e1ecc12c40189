-- reads: loyalty_lot (index lot_due)   writes: nothing; locks the members' balances, in order, before any lot
-- re-run: finds who is left. The caller adds how to lock.
select member_id
  from loyalty_balance
 where member_id in (
       select distinct member_id
         from (
              select member_id
                from loyalty_lot
               where remaining > 0 and expires_at <= %(at)s
                 and member_id %% %(slices)s = %(part)s and member_id <> all (%(damaged)s)
               order by expires_at, id
               limit %(members)s * 3
         ) soonest
 )
 order by member_id
 limit %(members)s
