-- reads: relation (id), orders_order, orders_orderbefore, orders_orderretelling, loyalty_posting, members_identity,
-- members_member   writes: undo_batch, a temporary table of this transaction   re-run: lays it out anew
-- What becomes of orders that an import was the last to change, when it is undone. kept: `heir` tells the order as it
-- stands too, or nobody knows any more how it was. back: it stands again as before. gone: nobody else told it.
-- `posting_id` is the award taken back, made on `basis`; `again_id` the award that it had before, given once more.
drop table if exists undo_batch;
create temporary table undo_batch on commit drop as
with asked as materialized (
    select o.*, c.code, c.format
      from orders_order o
      join orders_channel c on c.id = o.channel_id
     where o.id in ({relation}) and o.last_import_id = %(order_import)s
),
range as materialized (
    select min(id) as first, max(id) as last from asked
),
other as materialized (
    select told.id, min(r.order_import_id) as heir
      from range
      join orders_orderretelling r on r.author_id = %(order_import)s
                                  and r.orders[1] <= range.last and r.orders[cardinality(r.orders)] >= range.first
     cross join unnest(r.orders) told (id)
     group by told.id
),
fated as (
    select o.*, coalesce(o.award_gross, o.gross) as basis, p.id as posting_id, p.member_id as awarded_to,
           coalesce(other.heir, case when b.id is null and o.first_import_id <> %(order_import)s then o.first_import_id end)
               as heir,
           b.id as before_id, b.posting as had_id, was.*
      from asked o
      left join other on other.id = o.id
      left join orders_orderbefore b on b.order_id = o.id and b.order_import_id = %(order_import)s
      left join lateral (
            select * from loyalty_posting where source = 'order' and key = o.code || ':' || o.number || '#' || o.award offset 0
      ) p on true
      left join lateral (
           select w.refunded as was_refunded,
                  case
                      when w.member_id is not null or o.member_id is distinct from b.given_to_id then o.member_id
                      else coalesce((select i.member_id from members_identity i
                                      where w.buyer <> '' and i.channel = o.format and i.external_id = w.buyer),
                                    (select m.id from members_member m
                                      where w.phone <> '' and m.phone = w.phone and m.merged_into_id is null))
                  end as was_of
             from jsonb_populate_record(null::orders_order, b.was) w
            where b.id is not null
      ) was on true
),
judged as (
    select f.*,
           case when heir is not null then 'kept' when before_id is not null then 'back' else 'gone' end as fate,
           had_id = posting_id and was_of = awarded_to
           and not exists (select from loyalty_posting c
                            where c.refers_to_id = f.posting_id and c.kind = 11
                              and (c.breakdown ->> 'refunded')::numeric > was_refunded) as stands
      from fated f
)
select j.id as order_id, fate, heir, before_id, j.member_id as owner_id, was_of as member_id,
       case when fate <> 'kept' and stands is not true then posting_id end as posting_id, basis,
       had.id as again_id, channel_id, number, code,
       award + (fate <> 'kept' and stands is not true and (posting_id is not null or had.id is not null))::int as award,
       fate = 'gone' or fate = 'back' and j.member_id is not null and was_of is null as loses_member
  from judged j
  left join loyalty_posting had on had.id = j.had_id and had.member_id = j.was_of and fate = 'back' and stands is not true;
create index on undo_batch (order_id);
analyze undo_batch
