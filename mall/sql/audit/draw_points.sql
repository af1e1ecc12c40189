-- reads: mall_drawplay, mall_drawprize, mall_draw, loyalty_posting   writes: nothing   re-run: any time
-- A try took its price by a REDEEM posting (6) and gave a prize of points by a BONUS posting (3); no posting of a draw
-- is without its try. Any row is a drift.
select 'try ' || t.id as subject,
       concat('costs ', d.points, ', took ', -paid.points, ', gives ', z.points, ', gave ',
              coalesce(given.points, 0)) as detail
  from mall_drawplay t
  join mall_draw d on d.id = t.draw_id
  join mall_drawprize z on z.id = t.prize_id
  join loyalty_posting paid on paid.id = t.posting_id
  left join loyalty_posting given on given.id = t.prize_posting_id
 where t.points <> d.points
    or -paid.points <> t.points
    or coalesce(given.points, 0) <> z.points
    or paid.kind <> 6
    or given.kind <> 3
union all
select 'posting ' || p.id, 'is of a try that is not there'
  from loyalty_posting p
 where p.source = 'draw' and not exists (select from mall_drawplay where posting_id = p.id)
    or p.source = 'draw-prize' and not exists (select from mall_drawplay where prize_posting_id = p.id)
 order by 1
