-- reads: relation (key), loyalty_posting   writes: nothing
-- How many of these orders have the award of their key.
select count(*)
  from ({relation}) r
 cross join lateral (
       select id from loyalty_posting where source = 'order' and key = r.key offset 0
 ) p
