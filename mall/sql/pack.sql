-- reads, writes: mall_redemption   re-run: changes nothing. Locked by id, so that two packers do not meet head-on.
with placed as (
    select id from mall_redemption
     where id = any(%(ids)s::bigint[]) and state = 'PLACED'
     order by id
       for no key update
)
update mall_redemption r
   set state = 'PACKED', packed_at = %(at)s
  from placed
 where r.id = placed.id
returning r.id
