-- reads: nothing   writes: nothing
-- Whether a backend holds a channel by hold_channels.sql; if its connection broke, it does not any more.
select exists (select from pg_locks
                where locktype = 'advisory' and classid = 1869767781 and objid = %(channel)s and pid = %(holder)s and granted)
