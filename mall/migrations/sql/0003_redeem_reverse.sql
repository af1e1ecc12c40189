-- reads: nothing   writes: nothing   re-run: no
drop function mall_redeem(bigint, bigint, integer, timestamptz, text, text, text, text, bigint, numeric);
drop function mall_limits(bigint, mall_gift, timestamptz);

create function mall_redeem(
    p_member bigint, p_gift bigint, p_quantity integer, p_at timestamptz, p_request_key text,
    p_recipient text, p_phone text, p_address text
) returns mall_redemption
language plpgsql as $$
declare
    gift record;
    posting bigint;
    redemption mall_redemption := mall_redeemed(p_member, p_gift, p_quantity, p_request_key);
begin
    if redemption.id is not null then
        return redemption;
    end if;

    select g.name, g.stock, g.limit_per_member, needed.name as tier, g.points * p_quantity as points,
           g.active and p_at >= coalesce(g.opens_at, '-infinity') and p_at < coalesce(g.closes_at, 'infinity') as open,
           needed.id is null or coalesce(held.rank >= needed.rank, false) as tier_reached,
           m.merged_into_id is not null as merged
      into gift
      from mall_gift g
      left join members_tier needed on needed.id = g.minimum_tier_id
      left join members_member m on m.id = p_member
      left join members_tier held on held.id = m.tier_id
     where g.id = p_gift;
    if gift.open is not true then
        raise exception 'not open' using errcode = 'MR001';
    elsif gift.merged then
        raise exception 'merged' using errcode = 'MR005';
    elsif not gift.tier_reached then
        raise exception 'tier too low' using errcode = 'MR002', detail = gift.tier;
    elsif gift.stock < p_quantity then
        raise exception 'out of stock' using errcode = 'MR003';
    end if;

    posting := loyalty_debit(
        p_member, gift.points, 6::smallint, 'redeem', p_member || ':' || p_request_key, p_at, null, gift.name
    );

    -- Whoever waited for the same key in loyalty_debit finds here what the first one made.
    insert into mall_redemption (
        member_id, gift_id, gift_name, quantity, points, posting_id, request_key, recipient, phone, address, placed_at
    ) values (
        p_member, p_gift, gift.name, p_quantity, gift.points, posting, p_request_key,
        p_recipient, p_phone, p_address, p_at
    )
    on conflict (member_id, request_key) do nothing
    returning * into redemption;
    if redemption.id is null then
        return mall_redeemed(p_member, p_gift, p_quantity, p_request_key);
    end if;

    -- Counted under the member's lock, his new redemption included.
    if gift.limit_per_member is not null and gift.limit_per_member < (
        select sum(quantity) from mall_redemption
         where member_id = p_member and gift_id = p_gift and state not in ('CANCELLED', 'RETURNED')
    ) then
        raise exception 'limit reached' using errcode = 'MR004', detail = gift.limit_per_member;
    end if;

    update mall_gift set stock = stock - p_quantity where id = p_gift and stock >= p_quantity;
    if not found then
        raise exception 'out of stock' using errcode = 'MR003';
    end if;
    return redemption;
end
$$;
