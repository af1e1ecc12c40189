-- reads: orders_channel, orders_order, orders_claim, loyalty_posting   writes: nothing
-- Orders by when they were paid, and with them what they gave: the award of an order occurred when it was paid, so neither
-- is looked up by the other (BRIN indexes order_paid and posting_occurred). The channel's code is the first part of a
-- posting's key. Awards that were taken back whole to be made anew ('!') or moved to another member ('>') are not counted
-- as given, and no refunds.
with period as materialized (
    select %(first)s::date::timestamp at time zone %(zone)s as begins,
           (%(last)s::date + 1)::timestamp at time zone %(zone)s as ends
),
bought as (
    select o.channel_id, count(*) as orders, sum(o.gross - o.refunded) as paid, sum(o.refunded) as refunded,
           count(o.member_id) as bound, count(*) - count(o.member_id) as waiting
      from orders_order o
     where o.paid_at >= (select begins from period) and o.paid_at < (select ends from period)
       and o.status not in ('unpaid', 'closed')
     group by o.channel_id
),
claimed as (
    select o.channel_id, count(distinct o.id) filter (where c.state = 'CREDITED' and c.reason <> 'OWN') as claimed,
           count(distinct o.id) filter (where c.state = 'IN_REVIEW') as in_review
      from orders_claim c
      join orders_order o on o.id = c.order_id
     where c.state in ('CREDITED', 'IN_REVIEW') and o.status not in ('unpaid', 'closed')
       and o.paid_at >= (select begins from period) and o.paid_at < (select ends from period)
     group by o.channel_id
),
award as materialized (
    select p.id, split_part(p.key, ':', 1) as code, p.points, p.growth
      from loyalty_posting p
     where p.source = 'order' and p.occurred_at >= (select begins from period)
       and p.occurred_at < (select ends from period)
),
back as (
    select award.code,
           -sum(b.points) filter (where right(b.key, 1) not in ('!', '>')) as points,
           -sum(b.growth) filter (where right(b.key, 1) not in ('!', '>')) as growth,
           -sum(b.points) filter (where right(b.key, 1) in ('!', '>')) as points_undone,
           -sum(b.growth) filter (where right(b.key, 1) in ('!', '>')) as growth_undone
      from loyalty_posting b
      join award on award.id = b.refers_to_id
     where b.kind = 11 and b.refers_to_id is not null
     group by award.code
),
earned as (
    select code, sum(points) as points, sum(growth) as growth from award group by code
)
select h.name, coalesce(bought.orders, 0), coalesce(bought.paid, 0), coalesce(bought.refunded, 0),
       coalesce(bought.bound, 0), coalesce(bought.waiting, 0), coalesce(claimed.claimed, 0),
       coalesce(claimed.in_review, 0),
       (coalesce(earned.points, 0) - coalesce(back.points_undone, 0))::bigint,
       (coalesce(earned.growth, 0) - coalesce(back.growth_undone, 0))::bigint,
       coalesce(back.points, 0)::bigint, coalesce(back.growth, 0)::bigint
  from orders_channel h
  left join bought on bought.channel_id = h.id
  left join claimed on claimed.channel_id = h.id
  left join earned on earned.code = h.code
  left join back on back.code = h.code
 where h.active or bought.orders > 0
 order by coalesce(bought.paid, 0) desc, h.code
