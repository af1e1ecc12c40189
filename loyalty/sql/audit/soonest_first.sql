-- Law 6. reads: loyalty_move, loyalty_posting, loyalty_lot   writes: nothing
-- A debit's last lot: no lot before it in order, spendable then, kept points. Ids of lots and moves tell the order.
with debit as (
    select p.id, p.member_id, p.occurred_at, max(m.id) as last_move
      from loyalty_posting p
      join loyalty_move m on m.posting_id = p.id and m.lot_id is not null
     where p.points < 0 and p.kind in (4, 6, 7)
     group by p.id
),
furthest as (
    select distinct on (d.id) d.*, l.id as lot_id, l.expires_at, l.occurred_at as lot_at
      from debit d
      join loyalty_move m on m.posting_id = d.id
      join loyalty_lot l on l.id = m.lot_id
     order by d.id, l.expires_at desc, l.occurred_at desc, l.id desc
)
select 'posting ' || f.id, 'took from lot ' || f.lot_id || ' while lot ' || l.id || ' ends sooner and kept points'
  from furthest f
  join loyalty_lot l
    on l.member_id = f.member_id and l.id < f.last_move
   and (l.expires_at, l.occurred_at, l.id) < (f.expires_at, f.lot_at, f.lot_id)
   and l.available_at <= f.occurred_at and l.expires_at > f.occurred_at
 where l.granted + coalesce((select sum(m.amount) from loyalty_move m
                              where m.lot_id = l.id and m.id <= f.last_move), 0) > 0
