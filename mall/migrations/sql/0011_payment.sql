-- reads: mall_redemption, mall_gift, mall_payment, mall_refund
-- writes: mall_redemption, mall_voucher, mall_medal, mall_chance (by mall_fulfil)
-- re-run: no
--
-- What the database keeps of payments.

drop trigger redemption_goes_forward on mall_redemption;
create trigger redemption_goes_forward before update of state on mall_redemption
    for each row when (
        new.state <> old.state and (old.state, new.state) not in (
            ('UNPAID', 'PLACED'), ('UNPAID', 'ISSUED'), ('UNPAID', 'RECEIVED'), ('UNPAID', 'CANCELLED'),
            ('PLACED', 'PACKED'), ('PLACED', 'SHIPPED'), ('PLACED', 'CANCELLED'),
            ('PACKED', 'SHIPPED'), ('PACKED', 'CANCELLED'),
            ('SHIPPED', 'RECEIVED'), ('SHIPPED', 'RETURNED'), ('RECEIVED', 'RETURNED'),
            ('ISSUED', 'RECEIVED'), ('ISSUED', 'CANCELLED')
        )
    )
    execute function mall_refuse();

-- An unpaid redemption was paid: it goes on as if it had cost points only. Null: it is not unpaid any more.
create function mall_paid(p_redemption bigint, p_at timestamptz) returns bigint language plpgsql as $$
declare
    paid mall_redemption;
    gift mall_gift;
begin
    update mall_redemption
       set state = mall_first_state(kind),
           received_at = case mall_first_state(kind) when 'RECEIVED' then p_at end
     where id = p_redemption and state = 'UNPAID'
    returning * into paid;
    if paid.id is null then
        return null;
    end if;
    if paid.kind not in ('PHYSICAL', 'CODE') then
        select * into gift from mall_gift where id = paid.gift_id;
        perform mall_fulfil(paid, gift, p_at);
    end if;
    return paid.id;
end
$$;

-- A payment is for one redemption and one amount, and what is paid stays paid.
create trigger payment_not_deleted before delete on mall_payment for each row execute function mall_refuse();
create trigger payment_not_deleted_truncate before truncate on mall_payment execute function mall_refuse();
create trigger payment_stays before update on mall_payment for each row
    when ((new.redemption_id, new.provider, new.number, new.amount, new.made_at)
          is distinct from (old.redemption_id, old.provider, old.number, old.amount, old.made_at)
          or old.state = 'PAID' and (new.state, new.paid_at, new.reference, new.taken_by_id)
                                    is distinct from (old.state, old.paid_at, old.reference, old.taken_by_id))
    execute function mall_refuse();

-- Never more goes back than came in. The payment's row is locked, so that of two refunds the second sees the first.
create function mall_refund_fits() returns trigger language plpgsql as $$
declare
    paid numeric;
begin
    select amount into paid from mall_payment where id = new.payment_id and state = 'PAID' for no key update;
    if paid is null or paid < new.amount + coalesce((select sum(amount) from mall_refund
                                                      where payment_id = new.payment_id), 0) then
        raise exception 'more than was paid cannot go back' using errcode = 'MR010';
    end if;
    return new;
end
$$;
create trigger refund_fits before insert on mall_refund for each row execute function mall_refund_fits();
create trigger refund_not_deleted before delete on mall_refund for each row execute function mall_refuse();
create trigger refund_not_deleted_truncate before truncate on mall_refund execute function mall_refuse();
create trigger refund_stays before update on mall_refund for each row
    when ((new.payment_id, new.key, new.amount, new.note, new.made_at)
          is distinct from (old.payment_id, old.key, old.amount, old.note, old.made_at)
          or old.done_at is not null)
    execute function mall_refuse();
