-- reads: relation (member_id, void_id: a posting that never should have been, or null), loyalty_posting   writes: nothing
-- The most growth that each of these members ever had, without awards that never should have been: those named, and those
-- that undone imports took back (key and '!'). Gives member_id, growth.
with asked as materialized (
    select distinct member_id, void_id from ({relation}) told
),
run as (
    select p.member_id, sum(p.growth) over (partition by p.member_id order by p.id) as growth
      from (select distinct member_id from asked) one
      join loyalty_posting p on p.member_id = one.member_id
     where p.growth <> 0
       and not exists (select from asked a where a.void_id in (p.id, p.refers_to_id))
       and not exists (select from loyalty_posting w
                         join loyalty_posting taken on taken.refers_to_id = w.id
                        where w.id in (p.id, p.refers_to_id) and taken.kind = 11 and taken.key = w.key || '!')
)
select one.member_id, greatest(coalesce(max(run.growth), 0), 0)::bigint as growth
  from (select distinct member_id from asked) one
  left join run on run.member_id = one.member_id
 group by one.member_id
