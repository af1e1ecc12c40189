-- reads: relation (id), orders_claim, orders_order (unique order_once)   writes: nothing
-- Locks and returns the orders that claims are about; their claims are locked before, the ledger's rows after (law 10).
select o.id
  from orders_claim c
  join orders_channel h on h.id = coalesce(c.channel_id, h.id)
  join orders_order o on o.channel_id = h.id and o.number = c.number
 where c.id in ({relation})
 order by o.id
   for no key update of o
