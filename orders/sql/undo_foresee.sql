-- reads: undo_batch, orders_order, orders_orderbefore, the ledger   writes: nothing
-- What undoing would move: points and growth taken and given, each order by itself, and how many points of how many
-- members would be missing because they were spent.
with taken as (
    select u.order_id, p.member_id, p.points + clawed.points - ended.points as points, p.growth + clawed.growth as growth
      from undo_batch u
      join loyalty_posting p on p.id = u.posting_id
      left join loyalty_lot l on l.posting_id = p.id
     cross join lateral (
           select coalesce(sum(c.points), 0) as points, coalesce(sum(c.growth), 0) as growth
             from loyalty_posting c where c.refers_to_id = p.id and c.kind = 11
     ) clawed
     cross join lateral (
           select case when l.expires_at <= %(at)s then l.remaining else 0 end
                  + coalesce((select -sum(m.amount)
                                from loyalty_move m join loyalty_posting e on e.id = m.posting_id and e.kind = 12
                               where l.remaining < l.granted and m.lot_id = l.id), 0) as points
     ) ended
),
given as (
    select u.order_id, p.member_id, case when l.expires_at <= %(at)s then 0 else div(p.points * kept.part, kept.paid) end as points,
           div(p.growth * kept.part, kept.paid) as growth
      from undo_batch u
      join loyalty_posting p on p.id = u.again_id
      left join loyalty_lot l on l.posting_id = p.id
      join orders_orderbefore b on b.id = u.before_id
     cross join jsonb_populate_record(null::orders_order, b.was) w
     cross join lateral (
           select coalesce(w.award_gross, w.gross) as paid,
                  coalesce(w.award_gross, w.gross) - least(w.refunded, coalesce(w.award_gross, w.gross)) as part
     ) kept
),
row as (
    select order_id, member_id, sum(points) as points, sum(growth) as growth
      from (select order_id, member_id, -greatest(points, 0) as points, -greatest(growth, 0) as growth from taken
             union all
            select * from given) both_of_them
     group by order_id, member_id
),
member as (
    select row.member_id, -sum(row.points) - coalesce(max(has.points), 0) as short
      from row
      left join lateral (
           select sum(l.remaining) as points
             from loyalty_lot l where l.member_id = row.member_id and l.remaining > 0 and l.expires_at > %(at)s
     ) has on true
     group by row.member_id
)
select coalesce(-sum(points) filter (where points < 0), 0)::bigint, coalesce(-sum(growth) filter (where growth < 0), 0)::bigint,
       coalesce(sum(points) filter (where points > 0), 0)::bigint, coalesce(sum(growth) filter (where growth > 0), 0)::bigint,
       (select coalesce(sum(short) filter (where short > 0), 0)::bigint from member),
       (select count(*) filter (where short > 0) from member)
  from row
