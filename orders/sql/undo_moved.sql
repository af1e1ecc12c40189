-- reads: undo_batch, loyalty_posting   writes: nothing
-- What the undoing of these orders moved, each order by itself: points and growth taken, points and growth given, and how
-- many points could not be taken because they were spent and are let go (policy CLAMP).
with again as (
    select u.order_id, p.*
      from undo_batch u
     cross join lateral (
           select * from loyalty_posting where source = 'order' and key = u.code || ':' || u.number || '#' || u.award offset 0
     ) p
     where u.again_id is not null
),
moved as (
    select order_id, points, growth, null::jsonb as breakdown from again
    union all
    select again.order_id, m.points, m.growth, m.breakdown
      from again
     cross join lateral (select * from loyalty_posting where refers_to_id = again.id and kind = 11 offset 0) m
    union all
    select u.order_id, m.points, m.growth, m.breakdown
      from undo_batch u
     cross join lateral (select * from loyalty_posting where refers_to_id = u.posting_id and kind = 11 offset 0) m
     where right(m.key, 1) = '!'
),
row as (
    select sum(points) as points, sum(growth) as growth, coalesce(sum((breakdown ->> 'short')::bigint), 0) as short
      from moved
     group by order_id
)
select coalesce(-sum(points) filter (where points < 0), 0)::bigint, coalesce(-sum(growth) filter (where growth < 0), 0)::bigint,
       coalesce(sum(points) filter (where points > 0), 0)::bigint, coalesce(sum(growth) filter (where growth > 0), 0)::bigint,
       coalesce(sum(short), 0)::bigint
  from row
