-- reads: relation (id), orders_claim, orders_order   writes: orders_claim, members_identity, orders_order: member, earns
-- re-run: an accepted claim is no longer in review. Of several claims of one order the first made is accepted. A buyer's
-- account that is another member's stays his. Claims and orders are locked by the caller. Returns claims and orders.
with free as materialized (
    select distinct on (o.id) c.id, c.member_id, o.id as order_id, o.channel_id, o.buyer, h.format,
           case when o.status = 'hold' or o.paid_at is null or o.not_before is not null
                  or h.earns_at = 'completed' and o.completed_at is null and o.status <> 'completed'
                then 'LATER' else '' end as earns
      from orders_claim c
      join orders_order o on o.id = c.order_id
      join orders_channel h on h.id = o.channel_id
     where c.id in ({relation}) and c.state = 'IN_REVIEW'
       and (o.member_id is null or o.member_id = c.member_id)
       and o.status not in ('unknown', 'unpaid', 'closed', 'refunded')
     order by o.id, c.id
),
accepted as (
    update orders_claim c
       set state = 'CREDITED', reason = free.earns, channel_id = free.channel_id, decided_at = %(at)s, actor_id = %(actor)s, note = %(note)s
      from free
     where c.id = free.id
),
accounts as (
    insert into members_identity (channel, external_id, member_id)
    select distinct on (format, buyer) format, buyer, member_id
      from free
     where buyer <> ''
     order by format, buyer, id
        on conflict (channel, external_id) do nothing
)
update orders_order o
   set member_id = free.member_id, earns = true
  from free
 where o.id = free.order_id
returning free.id, o.id
