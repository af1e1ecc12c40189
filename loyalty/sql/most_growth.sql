-- reads: relation (loyalty.reviewing.VOID_COLUMNS), loyalty_posting   writes: nothing
-- The most growth that each of these members ever had, without awards that never should have been: those named, and those
-- that undone imports took back (key and '!'). What is to come is had after all that was. Gives member_id, growth. What is void is marked without a join, and what was
-- taken back is probed by its key: whatever the statistics say, the work grows with the postings and not with their square.
with asked as materialized (
    select distinct member_id, void_id, to_come from ({relation}) told
),
part as (
    select p.member_id, p.id, p.growth, coalesce(p.refers_to_id, p.id) as award
      from (select distinct member_id from asked) one
      join loyalty_posting p on p.member_id = one.member_id
     where p.growth <> 0
     union all
    select null, null, null, void_id from asked where void_id is not null
     union all
    select member_id, 9223372036854775807, to_come, null from asked where to_come <> 0
),
marked as (
    select part.*, bool_or(id is null) over (partition by award) as void from part
),
run as (
    select m.member_id, sum(m.growth) over (partition by m.member_id order by m.id) as growth
      from marked m
     where not m.void
       and (select taken.id
              from loyalty_posting w
              join loyalty_posting taken on taken.refers_to_id = w.id and taken.kind = 11 and taken.key = w.key || '!'
             where w.id = m.award
             limit 1) is null
)
select one.member_id, greatest(coalesce(max(run.growth), 0), 0)::bigint as growth
  from (select distinct member_id from asked) one
  left join run on run.member_id = one.member_id
 group by one.member_id
