-- reads: merged_line (merge.sql), members, orders_takenorder, loyalty_posting   writes: orders_order, orders_orderline, and
-- for an undo of this import orders_orderbefore and orders_orderretelling; takes what is told again off orders_takenorder
-- re-run: changes nothing. Nobody else stores orders of this channel meanwhile (lock_channel.sql).
-- An order is told by its lines, from this file or another: by lines of its parts, which add up, or by lines of the
-- whole (row_key '' or '=...'), whose gross counts once. Known both ways it is not added up: the whole tells the
-- amounts, the parts only refunds that are greater, and completion where they cover it all. A line with more refunded
-- than gross is a refund alone. A line of what an after-sale gave back ('↩part↩its number', 'part' may be empty) adds to
-- the refunds of its part, or of the order where no line is that part; what the part itself tells counts where it is more,
-- and never both. Lines of that kind alone are no order. A line of unknown status counts with nothing, and its order waits
-- for the word's meaning; one with a time after `until` waits for it (not_before). Returns how many orders are new and changed, and of all of them
-- how many count and what was paid.
with given_back as materialized (
    select number, split_part(row_key, '↩', 2) as part, sum(refunded) as back, bool_or(changed) as changed
      from merged_line
     where left(row_key, 1) = '↩'
     group by number, part
),
back_at_large as materialized (
    select b.number, coalesce(sum(b.back) filter (where l.number is null), 0) as back, bool_or(b.changed) as changed
      from given_back b
      left join merged_line l on l.number = b.number and l.row_key = b.part
     group by b.number
),
stated as (
    select m.number, m.order_id, m.row_key, m.status, m.refunded, m.shipping, m.ordered_at, m.paid_at, m.completed_at,
           m.buyer, m.phone, m.phone_end, m.changed, case when m.status = 'unknown' then 0 else m.gross end as gross
      from merged_line m
     where left(m.row_key, 1) <> '↩'
),
line as (
    select l.number, l.order_id, left(l.row_key, 1) in ('', '=') as of_whole, l.gross, l.shipping,
           greatest(l.refunded, least(coalesce(b.back, 0), l.gross)) as refunded,
           case
               when b.back > 0 and gross > 0 then
                   case when greatest(l.refunded, b.back) >= gross then 'refunded' else 'partially_refunded' end
               else l.status
           end as status,
           least(coalesce(b.back, 0), l.gross) as back, l.ordered_at, l.paid_at, l.completed_at, l.buyer, l.phone, l.phone_end,
           l.changed
      from stated l
      left join given_back b on b.number = l.number and b.part = l.row_key
),
counted as (
    select number, order_id, of_whole,
           case when of_whole then max(gross) else sum(gross) end as gross,
           case when of_whole then max(shipping) else sum(shipping) end as shipping,
           sum(refunded) as refunded, sum(back) as back,
           min(ordered_at) as ordered_at, min(paid_at) as paid_at,
           case when bool_and(completed_at is not null)
                     filter (where status in ('unknown', 'hold', 'paid', 'completed', 'partially_refunded'))
                then max(completed_at) end as completed_at,
           max(buyer) as buyer, max(phone) as phone, max(phone_end) as phone_end, bool_or(changed) as changed,
           count(*) filter (
               where status in ('hold', 'paid', 'completed', 'partially_refunded', 'refunded') and refunded <= gross
           ) as counted,
           count(*) filter (where status = 'refunded' and refunded <= gross) as refunded_lines,
           bool_or(refunded > gross) as refund_alone,
           bool_or(status = 'unknown') as unknown,
           bool_or(status = 'hold') as hold,
           bool_or(status = 'partially_refunded') as partly,
           bool_or(status = 'unpaid') as unpaid,
           bool_and(status = 'completed')
               filter (where status in ('paid', 'completed', 'partially_refunded')) as completed
      from line
     group by number, order_id, of_whole
),
told as (
    select *,
           case
               when unknown then 'unknown'
               when counted = 0 then
                   case when refund_alone then 'refunded' when unpaid then 'unpaid' else 'closed' end
               when refunded_lines = counted then 'refunded'
               when (of_whole or refund_alone) and gross > 0 and refunded >= gross then 'refunded'
               when hold then 'hold'
               when partly or refunded_lines > 0 or refund_alone then 'partially_refunded'
               when completed then 'completed'
               else 'paid'
           end as status
      from counted
),
sums as (
    select number, order_id,
           coalesce(max(gross) filter (where of_whole and gross > 0), max(gross) filter (where not of_whole), 0) as gross,
           coalesce(max(shipping) filter (where of_whole and gross > 0), max(shipping) filter (where not of_whole), 0)
               as shipping,
           max(refunded) as refunded, sum(back) as back, max(gross) filter (where not of_whole) as gross_of_parts,
           max(status) filter (where of_whole) as whole_status, max(status) filter (where not of_whole) as parts_status,
           min(ordered_at) as ordered_at, coalesce(min(paid_at) filter (where of_whole), min(paid_at)) as paid_at,
           max(completed_at) as completed_at, max(buyer) as buyer, max(phone) as phone,
           max(phone_end) as phone_end, bool_or(changed) as changed
      from told
     group by number, order_id
),
settled as (
    select s.number, s.order_id, s.gross, s.shipping, s.gross_of_parts, s.ordered_at, s.paid_at, s.completed_at, s.buyer,
           s.phone, s.phone_end, s.whole_status, s.parts_status, s.changed or coalesce(b.changed, false) as changed,
           greatest(s.refunded, s.back + b.back) as refunded, s.gross > 0 and s.back + coalesce(b.back, 0) > 0 as given_back
      from sums s
      left join back_at_large b on b.number = s.number
),
whole as materialized (
    select s.number, s.order_id, s.gross, s.shipping, s.ordered_at, s.paid_at, s.buyer, s.phone, s.phone_end,
           s.changed,
           case when not (given_back and refunded >= gross) then s.completed_at end as completed_at,
           case when greatest(s.paid_at, s.completed_at) > %(until)s then greatest(s.paid_at, s.completed_at) end as not_before,
           coalesce(t.award, 1) as award, coalesce(g.merged_into_id, g.id, i.member_id, m.id) as member_id,
           g.id is not null or shop.back_days is null or not exists (
               select from members_member j
                where j.id = coalesce(i.member_id, m.id) and j.joined_by <> shop.code
                  and coalesce(s.paid_at, s.ordered_at) < j.joined_at - make_interval(days => shop.back_days)
           ) as earns,
           case when whole_status = 'closed' and gross > 0 then gross else least(refunded, gross) end as refunded,
           case
               when given_back and refunded >= gross then 'refunded'
               when given_back and coalesce(whole_status, parts_status) in ('paid', 'completed') then 'partially_refunded'
               when whole_status is null or parts_status is null then coalesce(whole_status, parts_status)
               when parts_status = 'unknown' then whole_status
               when whole_status = 'unknown' then parts_status
               when gross > 0 and (refunded >= gross or whole_status = 'closed') then 'refunded'
               when whole_status = 'hold' then 'hold'
               when gross > 0 and refunded > 0 then 'partially_refunded'
               when whole_status = 'unpaid' or whole_status = 'closed' and parts_status <> 'unpaid'
                 or whole_status = 'paid' and parts_status = 'completed' and gross_of_parts >= gross then parts_status
               else whole_status
           end as status
      from settled s
     cross join (select code, back_days from orders_channel where id = %(channel)s) shop
      left join members_identity i on s.buyer <> '' and i.channel = %(platform)s and i.external_id = s.buyer
      left join members_member m on s.phone <> '' and m.phone = s.phone and m.merged_into_id is null
      left join orders_takenorder t on s.order_id is null and t.channel_id = %(channel)s and t.number = s.number
      left join members_member g on g.id = t.given_to_id
),
-- An order that an undo took away earns under its next number, for whom staff had given it to: that stays known, for the
-- file may be undone and come once more.
made as (
    insert into orders_order (channel_id, number, status, gross, refunded, shipping, ordered_at, paid_at, completed_at,
                              buyer, phone, phone_end, member_id, earns, award, not_before, first_import_id,
                              last_import_id)
    select %(channel)s, w.number, status, gross, refunded, shipping, ordered_at, paid_at, completed_at, buyer, phone,
           coalesce(phone_end, ''), member_id, earns, award, not_before, %(order_import)s, %(order_import)s
      from whole w
     where order_id is null
     order by number
    returning id, number, award
),
back as (
    delete from orders_takenorder t
     using made
     where t.channel_id = %(channel)s and t.number = made.number and t.given_to_id is null
),
known as materialized (
    select o.*,
           w.changed
           or (o.status, o.gross, o.refunded, o.shipping, o.ordered_at, o.paid_at, o.completed_at)
              is distinct from
              (w.status, w.gross, w.refunded, w.shipping, w.ordered_at, w.paid_at, w.completed_at)
           or o.member_id is null and w.member_id is not null
           or o.buyer = '' and w.buyer <> '' or o.phone = '' and w.phone <> ''
           or o.phone_end < w.phone_end as changes
      from orders_order o
      join whole w on w.order_id = o.id
     where o.id = any (array(select order_id from whole where order_id is not null))
),
moved as (
    update orders_order o
       set status = w.status, gross = w.gross, refunded = w.refunded, shipping = w.shipping,
           ordered_at = w.ordered_at, paid_at = w.paid_at, completed_at = w.completed_at,
           buyer = coalesce(nullif(w.buyer, ''), o.buyer), phone = coalesce(nullif(w.phone, ''), o.phone),
           phone_end = greatest(o.phone_end, w.phone_end),
           member_id = coalesce(o.member_id, w.member_id),
           earns = case when o.member_id is null then w.earns else o.earns end, not_before = w.not_before,
           last_import_id = %(order_import)s,
           award_gross = case when (o.gross, o.shipping) <> (w.gross, w.shipping) then coalesce(o.award_gross, o.gross)
                              else o.award_gross end
      from known k
      join whole w on w.order_id = k.id
     where o.id = k.id and k.changes and o.id = any (array(select id from known where changes))
    returning o.id
),
made_lines as (
    insert into orders_orderline (order_id, row_key, status, gross, refunded, shipping, ordered_at, paid_at,
                                  completed_at, title, sku, quantity, word)
    select coalesce(l.order_id, made.id) as order_id, row_key, status, gross, refunded, shipping, ordered_at, paid_at,
           completed_at, title, sku, quantity, word
      from merged_line l
      left join made using (number)
     where line_id is null and coalesce(l.order_id, made.id) is not null
     order by order_id, row_key
),
moved_lines as (
    update orders_orderline l
       set status = m.status, gross = m.gross, refunded = m.refunded, shipping = m.shipping, ordered_at = m.ordered_at,
           paid_at = m.paid_at, completed_at = m.completed_at, title = m.title, sku = m.sku, quantity = m.quantity,
           word = m.word
      from merged_line m
     where l.id = m.line_id and m.line_id is not null and m.changed
),
before as (
    insert into orders_orderbefore (order_import_id, order_id, author_id, was, lines, posting, given_to_id)
    select %(order_import)s, k.id, k.last_import_id, to_jsonb(k) - 'changes',
           coalesce((select jsonb_agg(to_jsonb(l)) from orders_orderline l where l.order_id = k.id), '[]'),
           (select p.id from loyalty_posting p
             where p.source = 'order' and p.key = c.code || ':' || k.number || '#' || k.award),
           case when k.member_id is null then w.member_id end
      from known k
      join whole w on w.order_id = k.id
      join orders_channel c on c.id = k.channel_id
     where k.changes and k.last_import_id <> %(order_import)s
        on conflict (order_id, order_import_id) do nothing
),
retold as (
    insert into orders_orderretelling (order_import_id, author_id, orders)
    select %(order_import)s, last_import_id, array_agg(id order by id)
      from known
     where not changes and last_import_id <> %(order_import)s
     group by last_import_id
)
select (select count(*) from made), (select count(*) from moved),
       count(*) filter (where status in ('paid', 'completed', 'partially_refunded')),
       coalesce(sum(gross - refunded) filter (where status in ('paid', 'completed', 'partially_refunded')), 0)
  from whole
