-- reads: relation (id, n, CREDIT_COLUMNS)   writes: loyalty_posting, and by its trigger loyalty_balance
-- re-run: keys that stand are left as they are. Ordered by key: two callers with the same keys cannot deadlock (law 10).
with batch as materialized (
    {relation}
),
posted as (
    insert into loyalty_posting (id, kind, source, key, payload_hash, member_id, points, growth, rule_versions, actor_id,
                                 note, breakdown, occurred_at)
    select id, kind, source, key, loyalty_payload_hash(source, key, member_id, kind, points, growth, null), member_id, points,
           growth, coalesce(rule_versions, '{}'), actor_id, coalesce(note, ''), breakdown, occurred_at
      from batch
     order by source, key
        on conflict (source, key) do nothing
    returning points, growth, rule_versions
)
select (select count(*) from batch), count(*), coalesce(sum(points), 0)::bigint, coalesce(sum(growth), 0)::bigint,
       array(select distinct unnest(rule_versions) from posted)
  from posted
