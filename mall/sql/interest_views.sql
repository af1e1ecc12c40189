-- reads: the relation (gift_id, day, views)   writes: mall_giftday   re-run: counts the same looks again
insert into mall_giftday (gift_id, day, views)
select seen.gift_id, seen.day, seen.views
  from ({relation}) seen
  join mall_gift g on g.id = seen.gift_id
 order by seen.gift_id, seen.day
    on conflict (gift_id, day) do update set views = mall_giftday.views + excluded.views
returning 1
