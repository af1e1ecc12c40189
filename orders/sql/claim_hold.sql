-- One member claims one after the other. 1129072969 sets these locks apart from any other advisory lock.
select pg_advisory_xact_lock(1129072969, (%(member)s %% 2147483647)::int)
