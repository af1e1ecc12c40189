-- reads: mall_treasuredraw, mall_treasureseed, mall_treasureentry, mall_wongift, loyalty_posting
-- writes: nothing   re-run: any time
-- What was published before fits what was published after, the winner holds the winning number, and there is one prize:
-- the gift, or its points at most once. Any row is a drift. (How the number follows from the seed: `mall.proof`.)
select 'treasure draw ' || d.id as subject,
       case
           when encode(sha256(s.seed), 'hex') <> d.commitment then 'its seed is not the one that was committed to'
           when d.state <> 'DRAWN' then concat('is ', d.state, ' and has a prize')
           when encode(s.seed, 'hex') <> d.seed then 'another seed was published'
           when encode(sha256(convert_to(mall_entries_file(d.id), 'UTF8')), 'hex') <> d.entries_digest
               then 'its entries are not those that were drawn from'
           when d.winner_number not between e.first_number and e.first_number + e.quantity - 1
               then concat('number ', d.winner_number, ' is not the winner''s')
           else concat('prizes given: ', prizes.gifts, ' gifts, ', prizes.points, ' points')
       end as detail
  from mall_treasuredraw d
  join mall_treasureseed s on s.treasure_id = d.id
  left join mall_treasureentry e on e.id = d.winner_id and e.treasure_id = d.id
 cross join lateral (
       select (select count(*) from mall_wongift w where w.treasure_id = d.id) as gifts,
              (select coalesce(sum(p.points), 0) from loyalty_posting p
                where p.source = 'treasure-prize' and p.key = d.id::text) as points) prizes
 where encode(sha256(s.seed), 'hex') is distinct from d.commitment
    or d.state <> 'DRAWN' and (prizes.gifts > 0 or prizes.points > 0)
    or d.state = 'DRAWN' and (
       encode(s.seed, 'hex') is distinct from d.seed
       or encode(sha256(convert_to(mall_entries_file(d.id), 'UTF8')), 'hex') is distinct from d.entries_digest
       or (d.winner_number between e.first_number and e.first_number + e.quantity - 1) is not true
       or prizes.gifts <> (d.gift_id is not null)::integer
       or prizes.points <> case when d.prize_posting_id is null then 0 else d.prize_points end)
 order by 1
