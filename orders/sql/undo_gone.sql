-- reads: undo_batch   writes: orders_claim, orders_takenorder, orders_orderbefore, orders_orderline, orders_order
-- re-run: they are gone. Claims of an order that is nobody's now wait for the next file, and the member is told so; an
-- order that was awarded leaves word under which number it earns again.
update orders_claim c
   set state = 'WAITING', reason = 'UNDONE', decided_at = %(at)s, actor_id = null, note = '', order_id = null,
       to_look = true
  from undo_batch u
 where u.loses_member and c.order_id = u.order_id and c.state in ('CREDITED', 'IN_REVIEW');

update orders_claim c set order_id = null from undo_batch u where u.fate = 'gone' and c.order_id = u.order_id;

insert into orders_takenorder as t (channel_id, number, award)
select channel_id, number, award from undo_batch where fate = 'gone' and award > 1 order by channel_id, number
    on conflict (channel_id, number) do update set award = greatest(t.award, excluded.award);

delete from orders_orderbefore b using undo_batch u where u.fate = 'gone' and b.order_id = u.order_id;
delete from orders_orderline l using undo_batch u where u.fate = 'gone' and l.order_id = u.order_id;
delete from orders_order o using undo_batch u where u.fate = 'gone' and o.id = u.order_id
