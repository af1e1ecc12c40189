-- reads: nothing   writes: nothing   re-run: no
drop function mall_take_codes(mall_redemption);
drop function mall_fulfil(mall_redemption, mall_gift, timestamptz);
drop function mall_ends_at(timestamptz, integer, timestamptz);
drop function mall_secret();

drop trigger redemption_goes_forward on mall_redemption;
create trigger redemption_goes_forward before update of state on mall_redemption
    for each row when (
        new.state <> old.state and (old.state, new.state) not in (
            ('PLACED', 'PACKED'), ('PLACED', 'SHIPPED'), ('PLACED', 'CANCELLED'),
            ('PACKED', 'SHIPPED'), ('PACKED', 'CANCELLED'),
            ('SHIPPED', 'RECEIVED'), ('SHIPPED', 'RETURNED'), ('RECEIVED', 'RETURNED')
        )
    )
    execute function mall_refuse();

drop trigger gift_kind_stays on mall_gift;
drop function mall_kind_stays();
drop trigger voucher_stays on mall_voucher;
drop trigger voucher_not_deleted_truncate on mall_voucher;
drop trigger voucher_not_deleted on mall_voucher;
drop trigger code_stays on mall_couponcode;
drop trigger code_not_deleted_truncate on mall_couponcode;
drop trigger code_not_deleted on mall_couponcode;
drop trigger codes_are_the_stock_at_first on mall_gift;
drop trigger codes_are_the_stock on mall_gift;
drop trigger codes_counted on mall_couponcode;
drop trigger codes_counted_in on mall_couponcode;
drop function mall_codes_counted();
