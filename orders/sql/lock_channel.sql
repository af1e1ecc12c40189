-- reads: nothing   writes: nothing   re-run: they are held already
-- Files of one channel store their chunks one after the other, so that what `store` merges is what it has read; files of
-- shops that share their order numbers do so too. 1869767781 sets these locks apart from any other advisory lock.
select count(pg_advisory_xact_lock(1869767781, id::int))
  from (select unnest(%(channels)s::bigint[]) as id order by id) channel
