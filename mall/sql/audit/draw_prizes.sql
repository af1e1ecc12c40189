-- reads: mall_drawprize, mall_drawplay, mall_draw, mall_wongift   writes: nothing   re-run: any time
-- Of a published draw's prize there is as much as was given, went back and is left, and never more was given; a try
-- gave what its random number hits or the consolation; a gift that was drawn is won. Any row is a drift.
select 'prize ' || z.id as subject,
       concat(z.stock, ' there, ', given.tries, ' given, ', z.returned, ' went back, ', z.remaining, ' left') as detail
  from mall_drawprize z
  join mall_draw d on d.id = z.draw_id
 cross join lateral (select count(*) as tries from mall_drawplay where prize_id = z.id) given
 where d.state <> 'DRAFT' and not z.consolation and z.stock <> given.tries + z.returned + z.remaining
union all
select 'try ' || p.id, concat('its number ', p.roll, ' hits prize ', p.hit_id, ', it gave prize ', p.prize_id)
  from mall_drawplay p
  join mall_drawprize z on z.id = p.prize_id
  left join mall_wongift w on w.play_id = p.id
 where z.draw_id <> p.draw_id
    or p.prize_id is distinct from p.hit_id and not z.consolation
    or p.hit_id is distinct from mall_prize_at(p.draw_id, p.roll)
    or (w.id is not null) <> (z.kind = 'GIFT')
 order by 1
