-- Law 7. reads: loyalty_posting, loyalty_move, loyalty_lot   writes: nothing
-- Nothing goes back to a lot beyond what was taken from it, and the lots that end latest are filled first.
with by_lot as (
    select coalesce(p.refers_to_id, p.id) as debit, m.lot_id, l.expires_at, l.occurred_at,
           coalesce(-sum(m.amount) filter (where p.kind <> 10), 0) as taken,
           coalesce(sum(m.amount) filter (where p.kind = 10), 0) as back
      from loyalty_move m
      join loyalty_posting p on p.id = m.posting_id
      left join loyalty_lot l on l.id = m.lot_id
     where p.kind = 10
        or exists (select from loyalty_posting b where b.refers_to_id = p.id and b.kind = 10)
     group by 1, 2, 3, 4
)
select 'posting ' || debit, back || ' went back to lot ' || coalesce(lot_id::text, '-') || ', ' || taken || ' came from it'
  from by_lot
 where back > taken
union all
select 'posting ' || later.debit, 'lot ' || soon.lot_id || ' got points back before lot ' || later.lot_id || ' had its own'
  from by_lot later
  join by_lot soon
    on soon.debit = later.debit and soon.back > 0
   and (soon.expires_at, soon.occurred_at, soon.lot_id) < (later.expires_at, later.occurred_at, later.lot_id)
 where later.back < later.taken
union all
select 'posting ' || b.id, 'gives back and refers to nothing that took'
  from loyalty_posting b
  left join loyalty_posting d on d.id = b.refers_to_id and d.points < 0 and d.kind in (4, 6, 7) and d.member_id = b.member_id
 where b.kind = 10 and d.id is null
