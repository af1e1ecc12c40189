-- reads: mall_wongift, mall_redemption   writes: nothing   re-run: any time
-- A claimed prize is a redemption of its own gift for no points, and of no other member. Any row is a drift.
select 'won gift ' || w.id as subject,
       concat('is redemption ', r.id, ': ', r.quantity, ' of gift ', r.gift_id, ' for ', r.points, ' points') as detail
  from mall_wongift w
  join mall_redemption r on r.id = w.redemption_id
 where (r.gift_id, r.quantity, r.points, r.member_id) <> (w.gift_id, 1, 0::bigint, w.member_id)
 order by 1
