-- reads: mall_drawplay, mall_draw, mall_chance   writes: nothing   re-run: any time
-- A try for a chance used up exactly one of its member's for its draws; no chance was used for a try that is not there.
-- Any row is a drift.
select 'try ' || t.id as subject, 'used up no chance' as detail
  from mall_drawplay t
  join mall_draw d on d.id = t.draw_id
  left join mall_chance c on c.used_for = 'draw:' || t.id and c.pool = d.chance_pool
 where d.price = 'CHANCE' and c.id is null
union all
select 'chance ' || c.id, 'was used for ' || c.used_for || ', which took none'
  from mall_chance c
 where c.used_for like 'draw:%'
   and not exists (select from mall_drawplay t join mall_draw d on d.id = t.draw_id
                    where 'draw:' || t.id = c.used_for and d.price = 'CHANCE')
 order by 1
