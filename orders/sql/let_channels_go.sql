-- reads: nothing   writes: nothing   re-run: false for what is not held. Ends what hold_channels.sql began.
select count(pg_advisory_unlock(1869767781, id::int))
  from (select unnest(%(channels)s::bigint[]) as id order by id) channel
