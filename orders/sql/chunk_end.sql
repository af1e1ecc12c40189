-- reads: orders_stagedrow (index staged_number)   writes: nothing
-- The last order number of the next chunk: some thousands of rows, an order never cut in two. Null: nothing is left.
select max(number)
  from (
       select number
         from orders_stagedrow
        where order_import_id = %(order_import)s and number > %(after)s
        order by number
        limit %(rows)s
  ) chunk
