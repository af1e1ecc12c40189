-- reads: nothing   writes: mall_gift.stock, mall_giftshard   re-run: no
-- All stock goes back to the gifts' rows first.
update mall_gift set rush = false where rush;

drop trigger gift_split_kind_stays on mall_gift;
drop function mall_split_kind_stays;
drop trigger rush_spreads_the_stock on mall_gift;
drop function mall_spread;

-- Take pieces out of a gift's stock: the last lock of a transaction.
create or replace function mall_take_stock(g mall_gift, p_quantity bigint) returns void language plpgsql as $$
begin
    update mall_gift set stock = stock - p_quantity where id = g.id and stock >= p_quantity;
    if not found then
        raise exception 'out of stock' using errcode = 'MR003';
    end if;
end
$$;

-- Put pieces back: the last lock of a transaction.
create or replace function mall_put_stock(p_gift bigint, p_quantity bigint) returns void language plpgsql as $$
begin
    update mall_gift set stock = stock + p_quantity where id = p_gift;
end
$$;

create or replace function mall_codes_counted() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        update mall_gift g set stock = g.stock + c.free
          from (select gift_id, count(*) as free from fresh
                 where redemption_id is null and voided_at is null group by gift_id) c
         where g.id = c.gift_id;
    else
        update mall_gift g set stock = g.stock + c.freed
          from (select gift_id, sum(freed) as freed
                  from (select gift_id, 1 as freed from fresh where redemption_id is null and voided_at is null
                        union all
                        select gift_id, -1 from stale where redemption_id is null and voided_at is null) moved
                 group by gift_id) c
         where g.id = c.gift_id and c.freed <> 0;
    end if;
    return null;
end
$$;
create or replace function mall_redeem(
    p_member bigint, p_gift bigint, p_quantity integer, p_at timestamptz, p_request_key text,
    p_recipient text, p_phone text, p_address text, p_agreed_points bigint, p_agreed_cash numeric
) returns mall_redemption
language plpgsql as $$
declare
    gift mall_gift;
    terms record;
    posting bigint;
    first_state text;
    pay_before timestamptz;
    redemption mall_redemption := mall_redeemed(p_member, p_gift, p_quantity, p_request_key);
begin
    if redemption.id is not null then
        return redemption;
    end if;

    select * into gift from mall_gift where id = p_gift;
    select coalesce(own.points, gift.points) * p_quantity as points,
           coalesce(own.cash, gift.cash) * p_quantity as cash,
           gift.active and mall_open_earlier(gift, p_at, own.hours_earlier) as open,
           gift.minimum_tier_id is null or coalesce(held.rank >= needed.rank, false) as tier_reached,
           needed.name as tier, m.merged_into_id is not null as merged
      into terms
      from (select) once
      left join members_member m on m.id = p_member
      left join members_tier held on held.id = m.tier_id
      left join members_tier needed on needed.id = gift.minimum_tier_id
      left join mall_gifttier own on own.gift_id = p_gift and own.tier_id = m.tier_id;
    if terms.open is not true then
        raise exception 'not open' using errcode = 'MR001';
    elsif terms.merged then
        raise exception 'merged' using errcode = 'MR005';
    elsif not terms.tier_reached then
        raise exception 'tier too low' using errcode = 'MR002', detail = terms.tier;
    elsif gift.limit_per_order < p_quantity then
        raise exception 'limit reached' using errcode = 'MR004', detail = gift.limit_per_order, hint = 'order';
    elsif gift.stock_counted and gift.stock < p_quantity then
        raise exception 'out of stock' using errcode = 'MR003';
    elsif terms.points <> p_agreed_points or terms.cash <> p_agreed_cash then
        raise exception 'the price has changed' using errcode = 'MR006', detail = terms.points, hint = terms.cash;
    end if;

    posting := loyalty_debit(
        p_member, terms.points, (case when terms.cash > 0 then 7 else 6 end)::smallint,
        'redeem', p_member || ':' || p_request_key, p_at, null, gift.name
    );

    first_state := case when terms.cash > 0 then 'UNPAID' else mall_first_state(gift.kind) end;
    if terms.cash > 0 then
        pay_before := p_at + make_interval(mins => coalesce((select pay_minutes from mall_mallpolicy), 30));
    end if;

    -- Whoever waited for the same key in loyalty_debit finds here what the first one made.
    insert into mall_redemption (
        member_id, gift_id, kind, takes_stock, gift_name, quantity, points, cash, pay_before, posting_id, request_key,
        recipient, phone, address, placed_at, state, received_at
    ) values (
        p_member, p_gift, gift.kind, gift.stock_counted, gift.name, p_quantity, terms.points, terms.cash, pay_before,
        posting, p_request_key, p_recipient, p_phone, p_address, p_at, first_state,
        case first_state when 'RECEIVED' then p_at end
    )
    on conflict (member_id, request_key) do nothing
    returning * into redemption;
    if redemption.id is null then
        return mall_redeemed(p_member, p_gift, p_quantity, p_request_key);
    end if;

    if num_nonnulls(gift.limit_per_member, gift.limit_per_day, gift.limit_per_week, gift.limit_per_month) > 0 then
        perform mall_limits(p_member, gift, p_at);
    end if;

    if gift.kind = 'CODE' then
        perform mall_take_codes(redemption);
        return redemption;
    elsif gift.kind <> 'PHYSICAL' and terms.cash = 0 then
        perform mall_fulfil(redemption, gift, p_at);
    end if;

    if gift.stock_counted then
        perform mall_take_stock(gift, p_quantity);
    end if;
    return redemption;
end
$$;

drop function mall_change_stock;
drop function mall_in_stock;
drop function mall_left;
