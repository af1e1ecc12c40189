-- reads: relation (of a key one row with member_id, gross, refunded, and of a new award another with what evaluate.sql
-- gives it: points, growth), loyalty_posting   writes: rehearsal, a temporary table of this transaction
-- re-run: fails while the table stands. What these orders would move of each member: where an award would stand (law 9)
-- less where it stands.
create temporary table rehearsal on commit drop as
with row as (
    select key, max(member_id) as member_id, max(gross) as gross, max(refunded) as refunded, max(points) as points,
           max(growth) as growth
      from ({relation}) told
     group by key
)
select row.member_id, sum(div(granted.points * (row.gross - row.refunded), row.gross) - stands.points)::bigint as points,
       sum(div(granted.growth * (row.gross - row.refunded), row.gross) - stands.growth)::bigint as growth
  from row
  left join lateral (
        select * from loyalty_posting where source = 'order' and key = row.key offset 0
  ) p on true
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
 group by row.member_id
