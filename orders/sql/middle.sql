-- reads: relation (member_id)   writes: nothing
-- The member up to whom about half of these orders reach; null: there are none.
select percentile_disc(0.5) within group (order by member_id)
  from ({relation}) owned
