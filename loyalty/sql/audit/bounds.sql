-- Law 4. reads: loyalty_lot, loyalty_balance   writes: nothing
select 'lot ' || id, 'remaining ' || remaining || ' of ' || granted
  from loyalty_lot
 where remaining not between 0 and granted or granted <= 0 or available_at >= expires_at
union all
select 'member ' || member_id, 'points ' || points || ', debt ' || debt || ', growth ' || growth
  from loyalty_balance
 where points < 0 or debt < 0 or growth < 0 or debt > 0 and points > 0
