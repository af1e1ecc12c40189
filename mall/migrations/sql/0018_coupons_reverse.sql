-- reads: nothing   writes: nothing   re-run: no
create or replace function mall_fulfil(r mall_redemption, g mall_gift, p_at timestamptz) returns void language plpgsql as $$
declare
    ends_at timestamptz := mall_ends_at(p_at, g.valid_days, g.valid_until);
begin
    if r.kind in ('PRIVILEGE', 'SEAT') then
        insert into mall_voucher (redemption_id, gift_id, member_id, code, issued_at, ends_at)
        select r.id, r.gift_id, r.member_id, mall_secret(), p_at, ends_at from generate_series(1, r.quantity);
    elsif r.kind = 'MEDAL' then
        insert into mall_medal (gift_id, member_id, redemption_id, given_at)
        values (r.gift_id, r.member_id, r.id, p_at)
            on conflict do nothing;
        if not found then
            raise exception 'limit reached' using errcode = 'MR004', detail = 1, hint = 'ever';
        end if;
    elsif r.kind = 'CHANCE' then
        insert into mall_chance (pool, member_id, redemption_id, given_at, ends_at)
        select g.chance_pool, r.member_id, r.id, p_at, ends_at from generate_series(1, r.quantity * g.chances);
    end if;
end
$$;
create or replace function mall_first_state(p_kind text) returns text language sql immutable parallel safe as $$
    select case when p_kind = 'PHYSICAL' then 'PLACED'
                when p_kind in ('PRIVILEGE', 'SEAT') then 'ISSUED'
                else 'RECEIVED' end
$$;
drop function mall_is_won(mall_redemption);
drop trigger coupons_waiting on mall_redemption;
drop function mall_coupons_waiting();
drop function mall_coupon_limits(bigint, bigint, bigint, timestamptz);
drop function mall_tier_fits(bigint, bigint, boolean);
drop function mall_coupons_held(bigint, bigint);
drop trigger coupon_use_append_only_truncate on mall_couponuse;
drop trigger coupon_use_append_only on mall_couponuse;
drop trigger coupon_moved on mall_couponuse;
drop function mall_coupon_moved();
drop trigger coupon_stays on mall_coupon;
drop trigger coupon_not_deleted_truncate on mall_coupon;
drop trigger coupon_not_deleted on mall_coupon;
drop trigger coupons_counted on mall_coupon;
drop trigger coupons_counted_in on mall_coupon;
drop function mall_coupons_counted();
drop trigger coupon_frozen on mall_coupon;
drop function mall_coupon_frozen();
