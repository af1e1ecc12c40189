-- reads: relation (who, most)   writes: orders_claimcount
-- re-run: counts again. Adds the numbers that somebody enters to his count of the day; the rows are locked until the
-- transaction ends, so that as many as enter at once see each other. Returns how many numbers are too many.
insert into orders_claimcount as c (who, day, numbers)
select r.who, (%(at)s::timestamptz at time zone %(zone)s)::date, %(numbers)s
  from ({relation}) r
 order by r.who
    on conflict (who, day) do update set numbers = c.numbers + excluded.numbers
returning numbers - (select r.most from ({relation}) r where r.who = c.who)
