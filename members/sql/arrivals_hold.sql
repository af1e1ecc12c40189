-- reads: members_arrival   writes: nothing; locks the arrivals that it returns, those that nobody else has
-- `forget`: what waits for this member is looked for a last time. Who files something for somebody whom he does not see
-- as a member yet has begun before that somebody's arrival was first seen, and is through when all that were under way
-- then have ended. The horizon is that of this statement, before anybody looks. `later`: the first transaction not begun.
select a.id, a.member_id, coalesce(a.seen, s.later) <= s.oldest as forget, s.later
  from (
       select pg_snapshot_xmin(now)::text::bigint as oldest, pg_snapshot_xmax(now)::text::bigint as later
         from pg_current_snapshot() now
  ) s
 cross join members_arrival a
 where (%(member)s::bigint is null or a.member_id = %(member)s) and a.id > %(after)s
 order by a.id
 limit %(most)s
   for update of a skip locked
