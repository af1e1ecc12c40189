-- reads: relation (key, gross, refunded, and what evaluate.sql gives a new award: points, growth), loyalty_posting
-- writes: nothing. The points and growth that these orders would move: where each award would stand (law 9) less where
-- it stands.
with row as (
    {relation}
)
select coalesce(sum(div(granted.points * (row.gross - row.refunded), row.gross) - stands.points), 0)::bigint,
       coalesce(sum(div(granted.growth * (row.gross - row.refunded), row.gross) - stands.growth), 0)::bigint
  from row
  left join loyalty_posting p on p.source = 'order' and p.key = row.key
 cross join lateral (
       select coalesce(p.points, row.points, 0) as points, coalesce(p.growth, row.growth, 0) as growth
 ) granted
 cross join lateral (
       select coalesce(p.points, 0) + coalesce(sum(c.points), 0) as points,
              coalesce(p.growth, 0) + coalesce(sum(c.growth), 0) as growth
         from loyalty_posting c
        where c.refers_to_id = p.id and c.kind = 11
 ) stands
 where row.gross > 0
