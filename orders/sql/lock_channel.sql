-- Files of one channel store their chunks one after the other, so that what `store` merges is what it has read.
-- 1869767781 sets these locks apart from any other advisory lock.
select pg_advisory_xact_lock(1869767781, %(channel)s::int)
