-- reads: relation (member_id), members_member, members_identity, orders_channel   writes: orders_order: member, earns
-- re-run: finds what waits for these members since. From the members to their orders (indexes order_waiting_buyer,
-- order_waiting_phone). An account goes before a phone, as it does in store.sql: an order whose account is known waits for
-- the owner of that. Locked by id, as store.sql locks the orders that it knows.
with arrived as materialized (
    {relation}
),
found as (
    select o.id, i.member_id
      from arrived
      join members_identity i using (member_id)
      join orders_channel c on c.format = i.channel
      join orders_order o on o.channel_id = c.id and o.buyer = i.external_id
     where o.member_id is null and o.buyer <> ''
    union
    select o.id, m.id
      from arrived
      join members_member m on m.id = arrived.member_id and m.merged_into_id is null
      join orders_order o on o.phone = m.phone
      join orders_channel c on c.id = o.channel_id
     where o.member_id is null and o.phone <> ''
       and not exists (select from members_identity i
                        where o.buyer <> '' and i.channel = c.format and i.external_id = o.buyer)
     order by 1
     limit %(most)s
),
locked as (
    select o.id, found.member_id from orders_order o join found using (id) order by o.id for update of o
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
