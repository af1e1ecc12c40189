-- reads: nothing   writes: nothing   re-run: they are held once more, and have to be let go as often
-- The locks of lock_channel.sql for a session instead of a transaction: two connections store chunks of one import while
-- the first of them holds its channel and those that share its order numbers.
select count(pg_advisory_lock(1869767781, id::int))
  from (select unnest(%(channels)s::bigint[]) as id order by id) channel
