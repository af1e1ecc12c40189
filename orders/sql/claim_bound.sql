-- reads: relation (id, owner_id: whose the order was before), orders_channel, members_identity   writes: orders_claim,
-- orders_order: member, earns   re-run: changes nothing. Of orders that have just become their claimants', those whose
-- buyer's account somebody else was binding in the same moment, and was waited for: staff look at their claims. Returns them.
with elsewhere as materialized (
    select o.id, o.member_id, r.owner_id
      from ({relation}) r
      join orders_order o using (id)
      join orders_channel h on h.id = o.channel_id
      join members_identity i on i.channel = h.format and i.external_id = o.buyer
     where o.buyer <> '' and i.member_id <> o.member_id
),
looked_at as (
    update orders_claim c
       set state = 'IN_REVIEW', reason = 'BOUND'
      from elsewhere e
     where c.order_id = e.id and c.member_id = e.member_id and c.state = 'CREDITED'
)
update orders_order o
   set member_id = e.owner_id, earns = e.owner_id is null
  from elsewhere e
 where o.id = e.id
returning o.id
