-- reads: nothing   writes: mall_couponcode, and by its trigger mall_gift.stock   re-run: adds nothing
-- Put codes into a pool in the order of their file; returns those that were not in it yet.
insert into mall_couponcode (gift_id, code, added_at)
select %(gift)s, code, %(at)s
  from unnest(%(codes)s::text[]) with ordinality as given (code, n)
 order by n
    on conflict (gift_id, code) do nothing
returning code
