-- Law 10. reads: pg_trigger   writes: nothing. The triggers that lock the balances in order and move them.
select guarded.name || ' on ' || guarded.of, 'the trigger is missing or disabled'
  from (values ('posting_inserted', 'loyalty_posting'), ('lot_inserted', 'loyalty_lot'),
               ('move_inserted', 'loyalty_move'), ('moved_by_triggers', 'loyalty_lot'),
               ('moved_by_triggers', 'loyalty_balance'), ('moved_by_triggers_truncate', 'loyalty_balance'),
               ('owes_only_without_points', 'loyalty_balance')) guarded (name, of)
  left join pg_trigger t on t.tgname = guarded.name and t.tgrelid = guarded.of::regclass and t.tgenabled in ('O', 'A')
 where t.oid is null
