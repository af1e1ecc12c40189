-- reads: mall_treasuredraw, mall_treasureentry, loyalty_posting   writes: nothing   re-run: any time
-- Numbers lie side by side from 1 to what is sold; each entry took its points, and gave them back exactly where it says
-- so; a refunded draw has given all of them back; no posting is without its entry. Any row is a drift.
select 'treasure draw ' || d.id as subject, concat(d.sold, ' sold, ', found.sold, ' entered') as detail
  from mall_treasuredraw d
 cross join lateral (select coalesce(sum(quantity), 0) as sold, coalesce(max(first_number + quantity - 1), 0) as last
                       from mall_treasureentry where treasure_id = d.id) found
 where (found.sold, found.last) is distinct from (d.sold::bigint, d.sold)
union all
select 'treasure draw ' || e.treasure_id, concat('number ', e.first_number, ' follows ', e.before)
  from (select treasure_id, first_number,
               coalesce(lag(first_number + quantity) over (partition by treasure_id order by first_number), 1) as before
          from mall_treasureentry) e
 where e.first_number <> e.before
union all
select 'treasure entry ' || e.id,
       concat('costs ', e.points, ', took ', -p.points, ', gave back ', coalesce(back.points, 0),
              case when e.refunded_at is null then ', not refunded' else ', refunded' end)
  from mall_treasureentry e
  join mall_treasuredraw d on d.id = e.treasure_id
  join loyalty_posting p on p.id = e.posting_id
  left join loyalty_posting back on back.refers_to_id = p.id and back.kind = 10
 where p.kind <> 6
    or -p.points <> e.points
    or e.points <> d.points * e.quantity
    or (back.id is not null) <> (e.refunded_at is not null)
    or back.points <> e.points
    or d.state = 'REFUNDED' and e.refunded_at is null
    or d.state in ('OPEN', 'DRAWN') and e.refunded_at is not null
union all
select 'posting ' || p.id, 'is of a treasure entry that is not there'
  from loyalty_posting p
 where p.source = 'treasure' and not exists (select from mall_treasureentry where posting_id = p.id)
 order by 1
