-- reads: loyalty_lot   writes: EXPIRE postings and their moves
-- re-run: nothing is left. Locks the members in order first.
with locked as materialized (
    select member_id from loyalty_balance where member_id = any (%(members)s) order by member_id for no key update
)
select loyalty_expire_members(array(select member_id from locked), %(at)s)
