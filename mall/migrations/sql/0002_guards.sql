-- reads: the changed row   writes: nothing   re-run: no
--
-- What happened stays: stock changes are append-only, redemptions are never deleted and go only forward.

create function mall_refuse() returns trigger language plpgsql as $$
begin
    raise exception '% on % is refused: what happened stays', tg_op, tg_table_name using errcode = 'MR009';
end
$$;

create trigger stock_change_append_only before update or delete on mall_stockchange
    for each row execute function mall_refuse();

create trigger stock_change_append_only_truncate before truncate on mall_stockchange execute function mall_refuse();

create trigger redemption_not_deleted before delete on mall_redemption
    for each row execute function mall_refuse();

create trigger redemption_not_deleted_truncate before truncate on mall_redemption execute function mall_refuse();

create trigger redemption_goes_forward before update of state on mall_redemption
    for each row when (
        new.state <> old.state and (old.state, new.state) not in (
            ('PLACED', 'PACKED'), ('PLACED', 'SHIPPED'), ('PLACED', 'CANCELLED'),
            ('PACKED', 'SHIPPED'), ('PACKED', 'CANCELLED'),
            ('SHIPPED', 'RECEIVED'), ('SHIPPED', 'RETURNED'), ('RECEIVED', 'RETURNED')
        )
    )
    execute function mall_refuse();
