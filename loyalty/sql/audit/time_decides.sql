-- Law 5. reads: loyalty_move, loyalty_posting, loyalty_lot   writes: nothing
select 'move ' || m.id, 'a debit of ' || p.occurred_at || ' from a lot of ' || l.available_at || ' to ' || l.expires_at
  from loyalty_move m
  join loyalty_posting p on p.id = m.posting_id and p.kind in (4, 6, 7) and p.points < 0
  join loyalty_lot l on l.id = m.lot_id
 where not (l.available_at <= p.occurred_at and p.occurred_at < l.expires_at)
union all
select 'move ' || m.id, 'expired at ' || p.occurred_at || ' a lot that ends at ' || l.expires_at
  from loyalty_move m
  join loyalty_posting p on p.id = m.posting_id and p.kind = 12
  join loyalty_lot l on l.id = m.lot_id
 where p.occurred_at < l.expires_at
