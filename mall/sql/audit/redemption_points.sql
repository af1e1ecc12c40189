-- reads: mall_redemption, loyalty_posting   writes: nothing   re-run: any time
-- A redemption's points are what its posting took: a REDEEM (6), or a HOLD (7) beside yuan; an ended one has its GIVE_BACK (10), a live one none;
-- and no REDEEM posting of the mall is without its redemption. Any row is a drift.
select 'redemption ' || r.id as subject,
       case
           when p.kind <> case when r.cash > 0 then 7 else 6 end then concat('its posting ', p.id, ' is no redemption')
           when p.member_id <> r.member_id then concat('its posting ', p.id, ' is of member ', p.member_id)
           when p.points <> -r.points then concat('costs ', r.points, ' points, its posting moved ', p.points)
           when r.state in ('CANCELLED', 'RETURNED') then concat('is ', r.state, ', points given back: ', coalesce(back.points, 0))
           else concat('is ', r.state, ' but its points were given back')
       end as detail
  from mall_redemption r
  join loyalty_posting p on p.id = r.posting_id
  left join loyalty_posting back on back.refers_to_id = p.id and back.kind = 10
 where (p.kind, p.points, p.member_id) is distinct from (case when r.cash > 0 then 7 else 6 end, -r.points, r.member_id)
    or case when r.state in ('CANCELLED', 'RETURNED') then coalesce(back.points, 0) <> r.points
            else back.id is not null end
union all
select 'posting ' || p.id, 'took points for a redemption that is not there'
  from loyalty_posting p
 where p.source = 'redeem'
   and p.kind in (6, 7)
   and not exists (select from mall_redemption r where r.posting_id = p.id)
 order by 1
