-- Law 9. reads: loyalty_posting, loyalty_move, loyalty_lot   writes: nothing
with refund as (
    select refers_to_id as award, -sum(points) as points, -sum(growth) as growth,
           bool_or(coalesce(breakdown, '{}') ? 'short') as short,
           max((breakdown ->> 'refunded')::numeric / nullif((breakdown ->> 'paid')::numeric, 0)) as part
      from loyalty_posting
     where kind = 11
     group by 1
),
latest as (
    select distinct on (refers_to_id) refers_to_id as award, (breakdown ->> 'refunded')::numeric as refunded,
           (breakdown ->> 'paid')::numeric as paid
      from loyalty_posting
     where kind = 11
     order by refers_to_id, (breakdown ->> 'refunded')::numeric / nullif((breakdown ->> 'paid')::numeric, 0) desc
),
due as (
    select r.*, a.points - div(a.points * (l.paid - l.refunded), l.paid) as points_due,
           a.growth - div(a.growth * (l.paid - l.refunded), l.paid) as growth_due,
           exists (select from loyalty_lot own
                     join loyalty_move m on m.lot_id = own.id
                     join loyalty_posting e on e.id = m.posting_id and e.kind = 12
                    where own.posting_id = a.id) as ended
      from refund r
      join latest l using (award)
      join loyalty_posting a on a.id = r.award
)
select 'posting ' || award, points || ' points and ' || growth || ' growth were taken back, ' || points_due || ' and '
       || growth_due || ' were due'
  from due
 where points > points_due or growth > growth_due or points < points_due and not ended and not short
