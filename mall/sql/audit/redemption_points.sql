-- reads: mall_redemption, mall_reversal, loyalty_posting   writes: nothing   re-run: any time
-- A redemption's points are what its posting took: a REDEEM (6), or a HOLD (7) beside yuan. Its GIVE_BACKs (10) gave the
-- share of the pieces that went back, rounded down, and so do its reversals; and no REDEEM posting of the mall is without
-- its redemption. Any row is a drift.
select 'redemption ' || r.id as subject,
       case
           when p.kind <> case when r.cash > 0 then 7 else 6 end then concat('its posting ', p.id, ' is no redemption')
           when p.member_id <> r.member_id then concat('its posting ', p.id, ' is of member ', p.member_id)
           when p.points <> -r.points then concat('costs ', r.points, ' points, its posting moved ', p.points)
           else concat('is ', r.state, ', ', r.returned, ' of ', r.quantity, ' went back, by its steps ', steps.pieces,
                       ' for ', steps.points, ', points given back: ', back.points)
       end as detail
  from mall_redemption r
  join loyalty_posting p on p.id = r.posting_id
 cross join lateral (select coalesce(sum(points), 0) as points
                       from loyalty_posting where refers_to_id = p.id and kind = 10) back
 cross join lateral (select coalesce(sum(pieces), 0) as pieces, coalesce(sum(points), 0) as points
                       from mall_reversal where redemption_id = r.id) steps
 where (p.kind, p.points, p.member_id) is distinct from (case when r.cash > 0 then 7 else 6 end, -r.points, r.member_id)
    or back.points <> div(r.points::numeric * r.returned, r.quantity)
    or (steps.pieces, steps.points) is distinct from (r.returned::bigint, back.points)
union all
select 'posting ' || p.id, 'took points for a redemption that is not there'
  from loyalty_posting p
 where p.source = 'redeem'
   and p.kind in (6, 7)
   and not exists (select from mall_redemption r where r.posting_id = p.id)
 order by 1
