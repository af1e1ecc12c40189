-- reads: undo_batch, orders_orderbefore   writes: orders_order, orders_orderline, orders_orderbefore
-- re-run: they are back. Orders and their lines stand as before the import, but for what others did to them since: whose
-- they are by a claim, and under which number they earn. The before-image without an author waits for its order to be
-- awarded once more (orders.undoing).
update orders_order o
   set status = w.status, gross = w.gross, refunded = w.refunded, shipping = w.shipping, ordered_at = w.ordered_at,
       paid_at = w.paid_at, completed_at = w.completed_at, buyer = w.buyer, phone = w.phone,
       phone_end = coalesce(w.phone_end, ''), member_id = u.member_id,
       earns = case when o.member_id = u.member_id then o.earns else w.earns end, last_import_id = b.author_id,
       award = u.award, not_before = w.not_before,
       award_gross = case when u.again_id is not null or u.posting_id is null then w.award_gross end
  from undo_batch u
  join orders_orderbefore b on b.id = u.before_id
 cross join jsonb_populate_record(null::orders_order, b.was) w
 where u.fate = 'back' and o.id = u.order_id;

delete from orders_orderline l
 using undo_batch u
  join orders_orderbefore b on b.id = u.before_id
 where u.fate = 'back' and l.order_id = u.order_id
   and l.id not in (select w.id from jsonb_populate_recordset(null::orders_orderline, b.lines) w);

update orders_orderline l
   set status = w.status, gross = w.gross, refunded = w.refunded, shipping = w.shipping, ordered_at = w.ordered_at,
       paid_at = w.paid_at, completed_at = w.completed_at, title = w.title, sku = w.sku, quantity = w.quantity,
       word = coalesce(w.word, '')
  from undo_batch u
  join orders_orderbefore b on b.id = u.before_id
 cross join jsonb_populate_recordset(null::orders_orderline, b.lines) w
 where u.fate = 'back' and l.id = w.id;

update orders_orderbefore b set author_id = null from undo_batch u where u.fate = 'back' and b.id = u.before_id
