-- reads: mall_coupontype, mall_coupon, mall_gift, mall_redemption   writes: nothing   re-run: no
--
-- What is left of a coupon, for the pages: the same that mall_coupon_limits decides by. And whether the stock of a gift
-- is counted stays while a draw has promised pieces of it: they left the stock when it was published, or never did.

-- How many coupons of a type are left for all; null: no end of them. None while it is not given out.
create function mall_coupons_there(t mall_coupontype, p_at timestamptz) returns bigint language sql stable as $$
    select case when not t.active
                  or mall_ends_at(greatest(p_at, t.valid_from), t.valid_days, t.valid_until) <= p_at then 0
                else t.limit_total - t.issued - mall_coupons_held(t.id, null) end
$$;

-- How many coupons of a type one member may still get; null: no limit.
create function mall_coupons_for(t mall_coupontype, p_member bigint) returns bigint language sql stable as $$
    select case when t.limit_per_member is not null then
           t.limit_per_member - mall_coupons_held(t.id, p_member)
           - (select count(*) from mall_coupon where type_id = t.id and member_id = p_member and voided_at is null) end
$$;

create function mall_counting_stays() returns trigger language plpgsql as $$
begin
    if mall_codes_promised(old.id) > 0 then
        raise exception 'pieces of gift % are promised to draws', old.id using errcode = 'MR009';
    end if;
    return new;
end
$$;
create trigger gift_counting_stays before update of stock_counted on mall_gift for each row
    when (new.stock_counted <> old.stock_counted) execute function mall_counting_stays();
