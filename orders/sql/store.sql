-- reads: orders_stagedrow of one chunk, members   writes: orders_order, orders_orderline
-- re-run: changes nothing. A later file moves an order on and never back, whatever the order in which files come: of a
-- line the further status stands, and refunds only grow; what was paid in one file and closed in another was given back.
-- An order is told by its lines, from this file or another: by lines of its parts, which add up, or by lines of the
-- whole (row_key '' or '=...'), whose gross counts once. Known both ways it is not added up: the whole tells the
-- amounts, the parts only refunds that are greater, and completion where they cover it all. A line with more refunded
-- than gross is a refund alone. Nobody else stores orders of this channel meanwhile (lock_channel.sql), so a new order
-- is inserted without ON CONFLICT, which would look up every key a second time: a tenth of this statement. Returns how
-- many orders are new and changed, and of all of them how many count and what was paid.
with ranked (status, rank) as (
    values ('unpaid', 1), ('hold', 2), ('paid', 3), ('completed', 4), ('partially_refunded', 5), ('closed', 6),
           ('refunded', 7)
),
staged as materialized (
    select distinct on (s.number, s.row_key) s.*, r.rank
      from orders_stagedrow s
      join ranked r on r.status = s.status
     where s.order_import_id = %(order_import)s and s.number > %(after)s and s.number <= %(upto)s
     order by s.number, s.row_key, r.rank desc, s.refunded desc, s.line desc
),
known as materialized (
    select o.id, o.number
      from orders_order o
     where o.channel_id = %(channel)s and o.number in (select number from staged)
     order by o.id
       for no key update
),
lines as materialized (
    select coalesce(s.number, k.number) as number, coalesce(s.row_key, k.row_key) as row_key,
           left(coalesce(s.row_key, k.row_key), 1) in ('', '=') as of_whole,
           case when closed then 'refunded' else coalesce(newer.status, k.status, s.status) end as status,
           case when closed then greatest(k.gross, s.gross) else coalesce(newer.gross, k.gross, s.gross) end as gross,
           case
               when closed then greatest(k.gross, s.gross)
               else greatest(coalesce(newer.refunded, k.refunded, s.refunded),
                             least(coalesce(k.refunded, 0), coalesce(newer.gross, k.gross)))
           end as refunded,
           case
               when closed then greatest(k.shipping, s.shipping)
               else coalesce(newer.shipping, k.shipping, s.shipping)
           end as shipping,
           coalesce(s.ordered_at, k.ordered_at) as ordered_at,
           coalesce(newer.paid_at, k.paid_at, s.paid_at) as paid_at,
           coalesce(newer.completed_at, k.completed_at, s.completed_at) as completed_at,
           coalesce(nullif(s.title, ''), k.title, s.title) as title, coalesce(nullif(s.sku, ''), k.sku, s.sku) as sku,
           case when s.title = '' then coalesce(k.quantity, s.quantity) else coalesce(s.quantity, k.quantity) end
               as quantity,
           s.buyer, s.phone
      from staged s
      full join (
           select known.number, l.*, r.rank
             from known
             join orders_orderline l on l.order_id = known.id
             join ranked r on r.status = l.status
      ) k on k.number = s.number and k.row_key = s.row_key
      left join lateral (select s.* where k.rank is null or s.rank >= k.rank) newer on true
     cross join lateral (
           select s.status = 'closed' and k.gross > 0 or k.status = 'closed' and s.gross > 0 as closed
      ) back
),
counted as (
    select number, of_whole, case when of_whole then max(gross) else sum(gross) end as gross, sum(refunded) as refunded,
           case when of_whole then max(shipping) else sum(shipping) end as shipping,
           min(ordered_at) as ordered_at, min(paid_at) as paid_at,
           case when bool_and(completed_at is not null)
                     filter (where status in ('hold', 'paid', 'completed', 'partially_refunded'))
                then max(completed_at) end as completed_at,
           max(buyer) as buyer, max(phone) as phone,
           count(*) filter (
               where status in ('hold', 'paid', 'completed', 'partially_refunded', 'refunded') and refunded <= gross
           ) as counted,
           count(*) filter (where status = 'refunded' and refunded <= gross) as refunded_lines,
           bool_or(refunded > gross) as refund_alone,
           bool_or(status = 'hold') as hold,
           bool_or(status = 'partially_refunded') as partly,
           bool_or(status = 'unpaid') as unpaid,
           bool_and(status = 'completed')
               filter (where status in ('paid', 'completed', 'partially_refunded')) as completed
      from lines
     group by number, of_whole
),
told as (
    select *,
           case
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
    select number,
           coalesce(max(gross) filter (where of_whole and gross > 0), max(gross) filter (where not of_whole), 0) as gross,
           coalesce(max(shipping) filter (where of_whole and gross > 0), max(shipping) filter (where not of_whole), 0)
               as shipping,
           max(refunded) as refunded, max(gross) filter (where not of_whole) as gross_of_parts,
           max(status) filter (where of_whole) as whole_status, max(status) filter (where not of_whole) as parts_status,
           min(ordered_at) as ordered_at, coalesce(min(paid_at) filter (where of_whole), min(paid_at)) as paid_at,
           max(completed_at) as completed_at, max(buyer) as buyer, max(phone) as phone
      from told
     group by number
),
whole as materialized (
    select s.number, s.gross, s.shipping, s.ordered_at, s.paid_at, s.completed_at, s.buyer, s.phone,
           coalesce(i.member_id, m.id) as member_id,
           shop.back_days is null or not exists (
               select from members_member j
                where j.id = coalesce(i.member_id, m.id) and j.joined_by <> shop.code
                  and coalesce(s.paid_at, s.ordered_at) < j.joined_at - make_interval(days => shop.back_days)
           ) as earns,
           case when whole_status = 'closed' and gross > 0 then gross else least(refunded, gross) end as refunded,
           case
               when whole_status is null or parts_status is null then coalesce(whole_status, parts_status)
               when gross > 0 and (refunded >= gross or whole_status = 'closed') then 'refunded'
               when whole_status = 'hold' then 'hold'
               when gross > 0 and refunded > 0 then 'partially_refunded'
               when whole_status = 'unpaid' or whole_status = 'closed' and parts_status <> 'unpaid'
                 or whole_status = 'paid' and parts_status = 'completed' and gross_of_parts >= gross then parts_status
               else whole_status
           end as status
      from sums s
     cross join (select code, back_days from orders_channel where id = %(channel)s) shop
      left join members_identity i on s.buyer <> '' and i.channel = %(platform)s and i.external_id = s.buyer
      left join members_member m on s.phone <> '' and m.phone = s.phone and m.merged_into_id is null
),
made as (
    insert into orders_order (channel_id, number, status, gross, refunded, shipping, ordered_at, paid_at, completed_at,
                              buyer, phone, member_id, earns, first_import_id, last_import_id)
    select %(channel)s, number, status, gross, refunded, shipping, ordered_at, paid_at, completed_at, buyer, phone,
           member_id, earns, %(order_import)s, %(order_import)s
      from whole w
     where not exists (select from known k where k.number = w.number)
     order by number
    returning id, number
),
moved as (
    update orders_order o
       set status = w.status, gross = w.gross, refunded = w.refunded, shipping = w.shipping,
           ordered_at = w.ordered_at, paid_at = w.paid_at, completed_at = w.completed_at,
           buyer = coalesce(nullif(w.buyer, ''), o.buyer), phone = coalesce(nullif(w.phone, ''), o.phone),
           member_id = coalesce(o.member_id, w.member_id),
           earns = case when o.member_id is null then w.earns else o.earns end, last_import_id = %(order_import)s,
           award_gross = case when o.gross <> w.gross then coalesce(o.award_gross, o.gross) else o.award_gross end
      from known k
      join whole w using (number)
     where o.id = k.id
       and ((o.status, o.gross, o.refunded, o.shipping, o.ordered_at, o.paid_at, o.completed_at)
            is distinct from
            (w.status, w.gross, w.refunded, w.shipping, w.ordered_at, w.paid_at, w.completed_at)
            or o.member_id is null and w.member_id is not null
            or o.buyer = '' and w.buyer <> '' or o.phone = '' and w.phone <> '')
    returning o.id
),
made_lines as (
    insert into orders_orderline (order_id, row_key, status, gross, refunded, shipping, ordered_at, paid_at,
                                  completed_at, title, sku, quantity)
    select made.id, row_key, status, gross, refunded, shipping, ordered_at, paid_at, completed_at, title, sku, quantity
      from lines
      join made using (number)
     order by made.id, row_key
),
moved_lines as (
    insert into orders_orderline as l (order_id, row_key, status, gross, refunded, shipping, ordered_at, paid_at,
                                       completed_at, title, sku, quantity)
    select known.id, row_key, status, gross, refunded, shipping, ordered_at, paid_at, completed_at, title, sku, quantity
      from lines
      join known using (number)
     order by known.id, row_key
        on conflict (order_id, row_key) do update
       set status = excluded.status, gross = excluded.gross, refunded = excluded.refunded,
           shipping = excluded.shipping, ordered_at = excluded.ordered_at, paid_at = excluded.paid_at,
           completed_at = excluded.completed_at, title = excluded.title, sku = excluded.sku,
           quantity = excluded.quantity
     where (l.status, l.gross, l.refunded, l.shipping, l.ordered_at, l.paid_at, l.completed_at, l.title, l.sku,
            l.quantity)
           is distinct from
           (excluded.status, excluded.gross, excluded.refunded, excluded.shipping, excluded.ordered_at,
            excluded.paid_at, excluded.completed_at, excluded.title, excluded.sku, excluded.quantity)
)
select (select count(*) from made), (select count(*) from moved),
       count(*) filter (where status in ('paid', 'completed', 'partially_refunded')),
       coalesce(sum(gross - refunded) filter (where status in ('paid', 'completed', 'partially_refunded')), 0)
  from whole
