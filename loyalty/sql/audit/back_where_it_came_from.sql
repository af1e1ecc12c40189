-- Law 7. reads: loyalty_posting, loyalty_move   writes: nothing
select 'posting ' || b.id, 'what it gave back to lot ' || coalesce(m.lot_id::text, '-') || ' is not what was taken from it'
  from loyalty_posting b
  join lateral (
       select lot_id, sum(amount) as amount
         from loyalty_move
        where posting_id in (b.id, b.refers_to_id)
        group by lot_id
  ) m on m.amount <> 0
 where b.kind = 10
union all
select 'posting ' || refers_to_id, 'given back ' || count(*) || ' times'
  from loyalty_posting
 where kind = 10
 group by refers_to_id
having count(*) > 1
