-- reads: relation (id), orders_claim, orders_order, members   writes: orders_claim, members_identity,
-- orders_order: member, earns
-- re-run: only waiting claims are decided. Who tries numbers without the proof that their channel asks for cannot tell an
-- order that is there from one that is not: those whose proof does not fit wait on, as if no file had brought them, and so
-- do orders of channels that take no claims. Where the file has nothing to compare the proof with, staff look at what may
-- count, and its member is told no more than that (Claim.told), not even the shop. Unpaid orders wait, too. Claims and
-- orders (`orders`) are locked by the caller since an earlier statement: an order that comes after it is settled by the
-- import that brings it. The member's own order that is too old to earn by itself (orders_order.earns) may earn by its
-- claim. Returns the orders that became a member's, and whose they were.
with waiting as materialized (
    select c.*, right(regexp_replace(c.proof, '[^0-9]', '', 'g'), 4) as digits
      from orders_claim c
     where c.id in ({relation}) and c.state = 'WAITING'
),
there as materialized (
    select c.id, c.member_id, c.made_at, c.address, o.id as order_id, o.channel_id, o.member_id as owner_id, o.buyer,
           o.phone, o.status, o.gross, o.refunded, o.paid_at, o.ordered_at, o.completed_at, o.not_before, o.earns as gives,
           h.format,
           h.earns_at, h.claim_days, h.claim_review_from,
           case when h.claim_proof = 'none' or o.member_id = c.member_id then 'fits'
                when c.proof = '' then 'wrong'
                when h.claim_proof = 'amount' then
                     case when c.proof !~ '^[0-9]{1,9}([.][0-9]{1,2})?$' then 'wrong'
                          when c.proof::numeric in (o.gross, o.gross - o.refunded) then 'fits'
                          else 'wrong' end
                when o.phone = '' and o.phone_end = '' then 'unknown'
                when length(c.digits) = 4 and c.digits in (o.phone_end, right(o.phone, 4)) then 'fits'
                else 'wrong' end as proof
      from waiting c
      join orders_channel h on h.id = coalesce(c.channel_id, h.id)
      join orders_order o on o.channel_id = h.id and o.number = c.number
     where h.active and h.claims and o.id = any (string_to_array(%(orders)s, ',')::bigint[])
),
proved as (
    select *, bool_or(proof = 'fits') over (partition by id) as any_fits from there where proof <> 'wrong'
),
found as materialized (
    select c.id, c.member_id, c.made_at, c.address, c.order_id, c.channel_id, c.owner_id, c.buyer, c.format,
           case when count(*) over (partition by c.id) > 1 and c.any_fits then 'CHANNEL'
                when c.owner_id = c.member_id and c.gives then 'OWN'
                when c.status in ('unknown', 'unpaid') then 'WAIT'
                when c.proof = 'unknown' then
                     case when c.status in ('closed', 'refunded')
                            or coalesce(c.paid_at, c.ordered_at) < c.made_at - make_interval(days => c.claim_days)
                          then 'WAIT' else 'PROOF' end
                when c.owner_id <> c.member_id and c.made_at < %(at)s and exists (
                     select from orders_claim w
                      where w.order_id = c.order_id and w.state = 'CREDITED' and w.decided_at > c.made_at) then 'RIVAL'
                when c.owner_id <> c.member_id then 'TAKEN'
                when c.status in ('closed', 'refunded') then upper(c.status)
                when coalesce(c.paid_at, c.ordered_at) < c.made_at - make_interval(days => c.claim_days) then 'OLD'
                when exists (select from members_identity i
                              where c.buyer <> '' and i.channel = c.format and i.external_id = c.buyer
                                and i.member_id <> c.member_id)
                  or exists (select from members_member m
                              where c.phone <> '' and m.phone = c.phone and m.merged_into_id is null
                                and m.id <> c.member_id) then 'BOUND'
                when c.gross - c.refunded >= c.claim_review_from then 'AMOUNT'
                when c.address <> '' and %(accounts)s < (
                     select count(distinct a.member_id) from orders_claim a
                      where a.address = c.address and a.address <> '' and a.made_at > c.made_at - interval '1 day') then 'ADDRESS'
                when exists (select from orders_claim r
                              where r.order_id = c.order_id and r.state = 'IN_REVIEW' and r.member_id <> c.member_id)
                     then 'RIVAL'
                else 'FREE' end as verdict,
           case when c.status = 'hold' or c.paid_at is null or c.not_before is not null
                  or c.earns_at = 'completed' and c.completed_at is null and c.status <> 'completed'
                then 'LATER' else '' end as earns
      from proved c
     where c.proof = 'fits' or not c.any_fits
),
free as (
    select f.id,
           row_number() over (partition by f.order_id order by f.id) as place,
           row_number() over (partition by f.member_id order by f.id) as nth,
           first_value(f.member_id) over (partition by f.format, f.buyer, f.buyer = '' order by f.id) as buyer_is
      from found f
     where f.verdict = 'FREE'
),
judged as materialized (
    select distinct on (f.id) f.*,
           case when f.verdict <> 'FREE' then f.verdict
                when free.place > 1 then 'RIVAL'
                when f.buyer <> '' and free.buyer_is <> f.member_id then 'BOUND'
                when free.nth + (select count(*) from orders_claim e
                                  where e.member_id = f.member_id and e.state = 'CREDITED' and e.reason <> 'OWN'
                                    and e.made_at > f.made_at - interval '30 days') > %(many)s then 'MANY'
                else 'FREE' end as outcome
      from found f
      left join free on free.id = f.id
     where f.verdict <> 'WAIT'
     order by f.id, f.order_id
),
decided as (
    update orders_claim c
       set state = case when j.outcome in ('FREE', 'OWN') then 'CREDITED'
                        when j.outcome in ('BOUND', 'PROOF', 'AMOUNT', 'MANY', 'ADDRESS', 'RIVAL') then 'IN_REVIEW'
                        else 'REFUSED' end,
           reason = case j.outcome when 'FREE' then j.earns else j.outcome end,
           order_id = case when j.outcome <> 'CHANNEL' then j.order_id end,
           channel_id = case when j.outcome = 'PROOF' then c.channel_id when j.outcome <> 'CHANNEL' then j.channel_id end,
           decided_at = %(at)s
      from judged j
     where c.id = j.id
),
accounts as (
    insert into members_identity (channel, external_id, member_id)
    select distinct on (format, buyer) format, buyer, member_id
      from judged
     where outcome = 'FREE' and buyer <> ''
     order by format, buyer, id
        on conflict (channel, external_id) do nothing
)
update orders_order o
   set member_id = j.member_id, earns = true
  from judged j
 where o.id = j.order_id and j.outcome = 'FREE'
returning o.id, j.owner_id
