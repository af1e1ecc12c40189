-- reads: undo_batch, orders_order, orders_channel, loyalty_posting   writes: nothing
-- Of members whose awards an undoing touches: the awards that never should have been. Gives loyalty.reviewing.VOID_COLUMNS,
-- void_id null for a member without any. These are the ones taken back, and every award of an order that is gone, under
-- whatever number: it may have none now, and have had one when an import told more of it that was undone since.
-- `foreseen`: what comes back is not posted yet, and is told as growth to come.
with touched as materialized (
    select distinct p.member_id, u.posting_id
      from undo_batch u
      join loyalty_posting p on p.id in (u.posting_id, u.again_id)
    union
    select owner_id, null from undo_batch where fate = 'gone' and owner_id is not null
)
select member_id, posting_id as void_id, 0::numeric as to_come from touched
union
select p.member_id, p.id, 0
  from (select distinct member_id from touched) one
  join loyalty_posting p on p.member_id = one.member_id and p.source = 'order' and p.kind = 1
  left join orders_channel c on c.code = split_part(p.key, ':', 1)
  left join lateral (
       select id from orders_order where channel_id = c.id and number = substring(p.key from ':(.*)#') offset 0
  ) o on true
  left join undo_batch u on u.order_id = o.id and u.fate = 'gone'
 where o.id is null or u.order_id is not null
union
select p.member_id, null, sum(p.growth)
  from undo_batch u
  join loyalty_posting p on p.id = u.again_id
 where %(foreseen)s
 group by p.member_id
