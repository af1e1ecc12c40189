-- reads: orders_stagedrow, orders_order   writes: nothing
-- What can be read and looks odd all the same: what it is, how many rows, and line, order number and value of the first.
with staged as (
    select * from orders_stagedrow where order_import_id = %(order_import)s
),
whole as materialized (
    select number, min(line) as line,
           case when bool_or(left(row_key, 1) in ('', '=')) then max(gross) else sum(gross) end as gross
      from staged
     where status not in ('unpaid', 'closed')
     group by number
),
usual as materialized (
    select percentile_cont(0.5) within group (order by gross) as amount
      from (
           select gross from whole where gross > 0
            union all
           (select gross from orders_order where channel_id = %(channel)s and gross > 0 order by id desc limit 1000)
      ) known
    having count(*) >= 20
),
odd (what, line, number, value) as (
    select case when greatest(paid_at, completed_at) > %(until)s then 'AHEAD' else 'FUTURE' end, line, number,
           to_char(greatest(ordered_at, paid_at, completed_at) at time zone %(zone)s, 'YYYY-MM-DD HH24:MI:SS')
      from staged
     where greatest(ordered_at, paid_at, completed_at) > %(at)s
    union all
    select 'AMOUNT', line, number, gross::text
      from whole
      join usual on whole.gross > %(unusual)s * usual.amount
    union all
    select 'TWICE', max(line), number, ''
      from staged
     group by number, row_key
    having count(distinct (status, gross, refunded, coalesce(paid_at, 'epoch'), coalesce(completed_at, 'epoch'))) > 1
)
select distinct on (what) what, count(*) over (partition by what), line, number, value
  from odd
 order by what, line
