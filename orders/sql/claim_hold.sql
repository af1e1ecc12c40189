-- reads: nothing   writes: nothing   re-run: it is held already
-- One member claims one after the other. Then nothing waits for longer than `patience` in this transaction (0: for ever).
-- 1129072969 sets these locks apart from any other advisory lock.
select pg_advisory_xact_lock(1129072969, (%(member)s %% 2147483647)::int), set_config('lock_timeout', %(patience)s, true)
