-- reads: members_member, members_identity, orders_channel   writes: orders_order: member, earns   re-run: finds only who joined since
-- An account goes before a phone, as it does in store.sql. Locked by id, as store.sql locks the orders that it knows.
with found as (
    select o.id, i.member_id, 1 as place
      from orders_order o
      join orders_channel c on c.id = o.channel_id
      join members_identity i on i.channel = c.format and i.external_id = o.buyer
     where o.member_id is null and o.buyer <> ''
    union all
    select o.id, m.id, 2
      from orders_order o
      join members_member m on m.phone = o.phone and m.merged_into_id is null
     where o.member_id is null and o.phone <> ''
),
one as (
    select distinct on (id) id, member_id from found order by id, place limit %(most)s
),
locked as (
    select o.id, one.member_id from orders_order o join one using (id) order by o.id for update of o
)
update orders_order o
   set member_id = locked.member_id,
       earns = coalesce(c.back_days is null or m.joined_by = c.code
                        or coalesce(o.paid_at, o.ordered_at) >= m.joined_at - make_interval(days => c.back_days), true)
  from locked
  join members_member m on m.id = locked.member_id
 cross join orders_channel c
 where o.id = locked.id and c.id = o.channel_id and o.member_id is null
returning o.id
