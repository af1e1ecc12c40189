-- reads, writes: mall_chance   re-run: the same word returns the chance that it used
-- Use the chance that ends soonest. One that somebody is just using is passed over.
with before as (
    select id from mall_chance where used_for = %(word)s and member_id = %(member)s and pool = %(pool)s
),
free as materialized (
    select id
      from mall_chance
     where member_id = %(member)s and pool = %(pool)s and used_at is null and voided_at is null
       and (ends_at is null or ends_at > %(at)s)
       and not exists (select from before)
     order by ends_at, id
     limit 1
       for no key update skip locked
),
used as (
    update mall_chance c set used_at = %(at)s, used_for = %(word)s from free where c.id = free.id returning c.id
)
select id from before union all select id from used
