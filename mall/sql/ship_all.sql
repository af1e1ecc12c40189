-- reads: the relation (redemption_id, carrier, tracking_number)   writes: mall_redemption, mall_shipment
-- re-run: ships nothing twice. Locked by id, so that two files do not meet head-on.
with lines as ({relation}),
waiting as (
    select r.id
      from mall_redemption r
      join lines on lines.redemption_id = r.id
     where r.state in ('PLACED', 'PACKED')
     order by r.id
       for no key update of r
),
moved as (
    update mall_redemption r
       set state = 'SHIPPED', packed_at = coalesce(r.packed_at, %(at)s)
      from waiting
     where r.id = waiting.id
    returning r.id
)
insert into mall_shipment (redemption_id, carrier, tracking_number, shipped_at)
select moved.id, lines.carrier, lines.tracking_number, %(at)s
  from moved
  join lines on lines.redemption_id = moved.id
 order by moved.id
returning redemption_id
