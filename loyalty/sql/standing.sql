-- reads: loyalty_balance, loyalty_lot (index lot_soonest), loyalty_posting (index posting_member)   writes: nothing
-- Law 5: what is spendable is decided by the time asked for, whether or not anything was swept.
with open as (
    select remaining, available_at, expires_at
      from loyalty_lot
     where member_id = %(member_id)s and remaining > 0 and expires_at > %(at)s
),
ending as (
    select expires_at, sum(remaining)::bigint as points
      from open
     where available_at <= %(at)s and expires_at <> 'infinity'
     group by 1
     order by 1
)
select coalesce((select sum(remaining) from open where available_at <= %(at)s), 0)::bigint,
       coalesce((select sum(remaining) from open where available_at > %(at)s), 0)::bigint,
       coalesce((select debt from loyalty_balance where member_id = %(member_id)s), 0),
       coalesce((select growth from loyalty_balance where member_id = %(member_id)s), 0),
       coalesce((select sum(points) from loyalty_posting
                  where member_id = %(member_id)s
                    and (kind in (1, 2, 3, 5, 11) or kind in (4, 14) and points > 0)), 0)::bigint,
       coalesce((select array_agg(expires_at order by expires_at) from ending), '{}'),
       coalesce((select array_agg(points order by expires_at) from ending), '{}')
