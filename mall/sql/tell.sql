-- reads: mall_redemption, members_member   writes: mall_shipment.told_at, mall_reversal.told_at
-- re-run: tells nothing twice; what another run is just telling is passed over
-- Note that some members are told of parcels under way and of pieces that staff let go back, and return what they are
-- told: member, phone, what happened, gift, pieces, points, carrier and tracking number or reason. For who has proved
-- his phone; of each member all that is due, soonest first.
with due as (
    select s.id, true as shipped, s.shipped_at as at, r.member_id
      from mall_shipment s
      join mall_redemption r on r.id = s.redemption_id and r.state = 'SHIPPED'
     where s.told_at is null and s.shipped_at > %(since)s and s.shipped_at <= %(at)s
    union all
    select b.id, false, b.at, r.member_id
      from mall_reversal b
      join mall_redemption r on r.id = b.redemption_id
     where b.told_at is null and b.at > %(since)s and b.at <= %(at)s and b.actor_id is not null
),
reached as materialized (
    select m.id, m.phone
      from members_member m
     where m.id in (select member_id from due)
       and m.phone is not null and m.phone_verified and m.merged_into_id is null
     order by m.id
     limit %(members)s
),
parcels as materialized (
    select s.id from mall_shipment s
     where s.told_at is null and s.id in (select due.id from due join reached on reached.id = due.member_id where shipped)
     order by s.id
       for no key update skip locked
),
steps as materialized (
    select b.id from mall_reversal b
     where b.told_at is null and b.id in (select due.id from due join reached on reached.id = due.member_id where not shipped)
     order by b.id
       for no key update skip locked
),
told_parcels as (
    update mall_shipment s set told_at = %(at)s from parcels where s.id = parcels.id
    returning s.redemption_id, s.shipped_at as at, 'SHIPPED' as what, null::integer as pieces, null::bigint as points,
              s.carrier, s.tracking_number as words
),
told_steps as (
    update mall_reversal b set told_at = %(at)s from steps where b.id = steps.id
    returning b.redemption_id, b.at, b.state, b.pieces, b.points, '', b.note
)
select reached.id, reached.phone, t.what, r.gift_name, coalesce(t.pieces, r.quantity - r.returned), t.points, t.carrier,
       t.words
  from (select * from told_parcels union all select * from told_steps) t
  join mall_redemption r on r.id = t.redemption_id
  join reached on reached.id = r.member_id
 order by reached.id, t.at, r.id
