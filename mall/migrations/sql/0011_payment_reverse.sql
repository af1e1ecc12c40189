-- reads: nothing   writes: nothing   re-run: no
drop trigger refund_stays on mall_refund;
drop trigger refund_not_deleted_truncate on mall_refund;
drop trigger refund_not_deleted on mall_refund;
drop trigger refund_fits on mall_refund;
drop function mall_refund_fits();
drop trigger payment_stays on mall_payment;
drop trigger payment_not_deleted_truncate on mall_payment;
drop trigger payment_not_deleted on mall_payment;
drop function mall_paid(bigint, timestamptz);

drop trigger redemption_goes_forward on mall_redemption;
create trigger redemption_goes_forward before update of state on mall_redemption
    for each row when (
        new.state <> old.state and (old.state, new.state) not in (
            ('PLACED', 'PACKED'), ('PLACED', 'SHIPPED'), ('PLACED', 'CANCELLED'),
            ('PACKED', 'SHIPPED'), ('PACKED', 'CANCELLED'),
            ('SHIPPED', 'RECEIVED'), ('SHIPPED', 'RETURNED'), ('RECEIVED', 'RETURNED'),
            ('ISSUED', 'RECEIVED'), ('ISSUED', 'CANCELLED')
        )
    )
    execute function mall_refuse();
