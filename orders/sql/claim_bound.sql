-- reads: orders_order, orders_channel, members_identity   writes: nothing
-- Of orders that have just become their claimants', those whose buyer's account is another member's.
select o.id
  from orders_order o
  join orders_channel h on h.id = o.channel_id
  join members_identity i on i.channel = h.format and i.external_id = o.buyer
 where o.id = any (%(ids)s) and o.buyer <> '' and i.member_id <> o.member_id
