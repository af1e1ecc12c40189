-- reads: mall_wongift, mall_treasuredraw, mall_treasureentry   writes: nothing   re-run: any time
-- What a member is told of draws when he comes home, in one question: prizes that wait for him, the most urgent first,
-- and for some days how treasure draws ended that he was in.
(select 'WON' as what, w.id, w.name, w.claim_until as until, null::integer as number, false as his
   from mall_wongift w
  where w.member_id = %(member)s and w.redemption_id is null and w.lapsed_at is null and w.claim_until > %(at)s
  order by w.claim_until, w.id
  limit %(most)s)
union all
(select d.state, d.id, d.name, null, d.winner_number, coalesce(winner.member_id = %(member)s, false)
   from mall_treasuredraw d
   left join mall_treasureentry winner on winner.id = d.winner_id
  where d.state in ('DRAWN', 'REFUNDED') and coalesce(d.drawn_at, d.refunded_at) > %(since)s
    and exists (select from mall_treasureentry e where e.treasure_id = d.id and e.member_id = %(member)s)
  order by d.id desc
  limit %(most)s)
