-- reads: mall_favourite, mall_redemption (index redemption_placed_brin)   writes: mall_giftday   re-run: changes nothing
-- Days of the brand's time zone from `since` on; pieces that were given back do not count.
with since as (select %(since)s::date::timestamp at time zone mall_zone() as at),
kept as (
    select gift_id, (added_at at time zone mall_zone())::date as day, count(*) as favourites, 0::bigint as redemptions
      from mall_favourite
     where added_at >= (select at from since)
     group by 1, 2
),
taken as (
    select gift_id, (placed_at at time zone mall_zone())::date as day, 0::bigint as favourites,
           sum(quantity - returned) as redemptions
      from mall_redemption
     where placed_at >= (select at from since)
     group by 1, 2
),
facts as (
    select gift_id, day, sum(favourites)::bigint as favourites, coalesce(sum(redemptions), 0)::bigint as redemptions
      from (select * from kept union all select * from taken) both_kinds
     group by 1, 2
)
insert into mall_giftday (gift_id, day, favourites, redemptions)
select gift_id, day, favourites, redemptions from facts order by gift_id, day
    on conflict (gift_id, day) do update
    set favourites = excluded.favourites, redemptions = excluded.redemptions
  where (mall_giftday.favourites, mall_giftday.redemptions) is distinct from (excluded.favourites, excluded.redemptions)
returning 1
