-- Law 3. reads: all tables of the ledger   writes: nothing
with by_lot as (
    select lot_id, sum(amount) as amount from loyalty_move where lot_id is not null group by 1
),
by_posting as (
    select posting_id, sum(amount) as amount from loyalty_move group by 1
),
by_member as (
    select member_id, sum(growth) as growth, sum(points) as points from loyalty_posting group by 1
),
held as (
    select member_id, sum(remaining) as points from loyalty_lot group by 1
),
owed as (
    select p.member_id, -sum(m.amount) as debt
      from loyalty_move m join loyalty_posting p on p.id = m.posting_id
     where m.lot_id is null
     group by 1
)
select 'lot ' || l.id, 'remaining ' || l.remaining || ', by its moves ' || l.granted + coalesce(m.amount, 0)
  from loyalty_lot l left join by_lot m on m.lot_id = l.id
 where l.remaining <> l.granted + coalesce(m.amount, 0)
union all
select 'posting ' || p.id, 'points ' || p.points || ', by lot and moves '
       || coalesce(l.granted, 0) + coalesce(m.amount, 0)
  from loyalty_posting p
  left join loyalty_lot l on l.posting_id = p.id
  left join by_posting m on m.posting_id = p.id
 where p.points <> coalesce(l.granted, 0) + coalesce(m.amount, 0)
union all
select 'member ' || coalesce(b.member_id, s.member_id),
       'balance ' || coalesce(b.points, 0) || '/' || coalesce(b.debt, 0) || '/' || coalesce(b.growth, 0)
       || ', by the ledger ' || coalesce(h.points, 0) || '/' || coalesce(o.debt, 0) || '/' || coalesce(s.growth, 0)
       || ' (points/debt/growth), postings ' || coalesce(s.points, 0)
  from loyalty_balance b
  full join by_member s on s.member_id = b.member_id
  left join held h on h.member_id = coalesce(b.member_id, s.member_id)
  left join owed o on o.member_id = coalesce(b.member_id, s.member_id)
 where coalesce(b.points, 0) <> coalesce(h.points, 0)
    or coalesce(b.debt, 0) <> coalesce(o.debt, 0)
    or coalesce(b.growth, 0) <> coalesce(s.growth, 0)
    or coalesce(b.points, 0) - coalesce(b.debt, 0) <> coalesce(s.points, 0)
