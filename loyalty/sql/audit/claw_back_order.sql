-- Law 8. reads: loyalty_posting, loyalty_move, loyalty_lot   writes: nothing
-- A claw-back that went past its own lot left nothing in it; one that made debt left nothing in any lot.
with claw as (
    select p.id, p.member_id, p.occurred_at, own.id as own_lot, max(m.id) as last_move,
           bool_or(m.lot_id is null) as owes, bool_or(m.lot_id is distinct from own.id) as beyond
      from loyalty_posting p
      join loyalty_move m on m.posting_id = p.id
      left join loyalty_lot own on own.posting_id = p.refers_to_id
     where p.kind = 11
     group by p.id, own.id
)
select 'posting ' || c.id, 'left points in lot ' || l.id || ' that stood before what it took'
  from claw c
  join loyalty_lot l
    on l.member_id = c.member_id and l.id < c.last_move and l.expires_at > c.occurred_at
   and (c.owes or c.beyond and l.id = c.own_lot)
 where l.granted + coalesce((select sum(m.amount) from loyalty_move m
                              where m.lot_id = l.id and m.id <= c.last_move), 0) > 0
