-- reads: undo_batch   writes: orders_claim, orders_takenorder, orders_orderbefore, orders_orderline, orders_order
-- re-run: they are gone. Claims of an order that is nobody's now wait for the next file, and the member is told so; an
-- order that was awarded leaves word under which number it earns again, and one whose claim staff decided, for whom.
insert into orders_takenorder as t (channel_id, number, award, given_to_id)
select u.channel_id, u.number, u.award, said.member_id
  from undo_batch u
  left join lateral (
       select c.member_id
         from orders_claim c
        where c.order_id = u.order_id and c.state = 'CREDITED' and c.actor_id is not null
        order by c.decided_at desc, c.id
        limit 1
  ) said on true
 where u.fate = 'gone' and (u.award > 1 or said.member_id is not null)
 order by u.channel_id, u.number
    on conflict (channel_id, number) do update
       set award = greatest(t.award, excluded.award), given_to_id = coalesce(excluded.given_to_id, t.given_to_id);

update orders_claim c
   set state = 'WAITING', reason = 'UNDONE', decided_at = %(at)s, actor_id = null, note = '', order_id = null,
       to_look = true
  from undo_batch u
 where u.loses_member and c.order_id = u.order_id and c.state in ('CREDITED', 'IN_REVIEW');

update orders_claim c set order_id = null from undo_batch u where u.fate = 'gone' and c.order_id = u.order_id;

delete from orders_orderbefore b using undo_batch u where u.fate = 'gone' and b.order_id = u.order_id;
delete from orders_orderline l using undo_batch u where u.fate = 'gone' and l.order_id = u.order_id;
delete from orders_order o using undo_batch u where u.fate = 'gone' and o.id = u.order_id
