-- reads: nothing   writes: nothing   re-run: no
drop trigger promised_codes_stay_off on mall_gift;
drop function mall_promised_stays_off();
drop function mall_codes_promised(bigint);

create or replace function mall_window_open(w mall_giftwindow, p_at timestamptz, p_local timestamp)
returns boolean language sql stable parallel safe as $$
    select (w.months = '{}' or extract(month from p_local)::integer = any (w.months))
       and (w.weekdays = '{}' or extract(isodow from p_local)::integer = any (w.weekdays))
       and (w.daily_from is null or p_local::time >= w.daily_from)
       and (w.daily_until is null or p_local::time < w.daily_until)
       and (w.first_day is null or p_local >= mall_moment_of_month(
                date_trunc('month', p_local), w.first_day, coalesce(w.first_time::interval, interval '0')))
       and (w.last_day is null or p_local < mall_moment_of_month(
                date_trunc('month', p_local), w.last_day, coalesce(w.last_time::interval, interval '24 hours')))
       and (w.campaign_id is null or exists (
            select from loyalty_campaign c
             where c.id = w.campaign_id and c.active and p_at >= c.starts_at and p_at < c.ends_at
               and (c.weekdays = '{}' or extract(isodow from p_local)::integer = any (c.weekdays))
               and (c.days_of_month = '{}' or extract(day from p_local)::integer = any (c.days_of_month))))
$$;

create or replace function mall_award(
    p_won bigint, p_at timestamptz, p_recipient text, p_phone text, p_address text, p_note text
) returns bigint language plpgsql as $$
declare
    won mall_wongift;
    gift mall_gift;
    first_state text;
    redemption mall_redemption;
begin
    select * into strict won from mall_wongift where id = p_won;
    select * into strict gift from mall_gift where id = won.gift_id;
    first_state := case when gift.kind = 'PHYSICAL' then 'PLACED'
                        when gift.kind in ('PRIVILEGE', 'SEAT') then 'ISSUED'
                        else 'RECEIVED' end;
    insert into mall_redemption (
        member_id, gift_id, kind, takes_stock, gift_name, quantity, points, posting_id, request_key,
        recipient, phone, address, placed_at, state, received_at
    ) values (
        won.member_id, gift.id, gift.kind, gift.stock_counted, gift.name, 1, 0,
        loyalty_debit(won.member_id, 0, 6::smallint, 'redeem', won.member_id || ':won:' || won.id, p_at, null, won.name),
        'won:' || won.id, p_recipient, p_phone, p_address, p_at, first_state,
        case first_state when 'RECEIVED' then p_at end
    ) returning * into redemption;
    if gift.kind <> 'PHYSICAL' then
        perform mall_fulfil(redemption, gift, p_at);
    end if;
    if gift.stock_counted then
        insert into mall_stockchange (gift_id, quantity, note, at) values (gift.id, 1, p_note, p_at);
    end if;
    update mall_wongift set redemption_id = redemption.id where id = p_won;
    return redemption.id;
end
$$;

create or replace function mall_draw_rolled(p_member bigint, p_draw bigint, p_at timestamptz, p_request_key text, p_roll integer)
returns mall_drawplay
language plpgsql as $$
declare
    draw mall_draw;
    prize mall_drawprize;
    hit_id bigint;
    posting bigint;
    given bigint;
    play_id bigint;
    play mall_drawplay := mall_played(p_member, p_draw, p_request_key);
    key text := p_member || ':' || p_request_key;
begin
    if play.id is not null then
        return play;
    end if;
    select * into draw from mall_draw where id = p_draw;
    if draw.state is distinct from 'OPEN' or p_at < draw.opens_at or p_at >= draw.closes_at then
        raise exception 'not open' using errcode = 'MD001';
    elsif exists (select from members_member where id = p_member and merged_into_id is not null) then
        raise exception 'merged' using errcode = 'MR005';
    end if;

    -- Of nothing, too: the posting is the request's key, and its trigger takes the member's lock.
    posting := loyalty_debit(p_member, draw.points, 6::smallint, 'draw', key, p_at, null, draw.name);

    -- Whoever waited for the same key finds here what the first one got.
    play := mall_played(p_member, p_draw, p_request_key);
    if play.id is not null then
        return play;
    end if;
    perform mall_draw_limits(p_member, draw, p_at);
    play_id := nextval(pg_get_serial_sequence('mall_drawplay', 'id'));
    if draw.price = 'CHANCE' then
        perform mall_use_chance(p_member, draw.chance_pool, 'draw:' || play_id, p_at);
    end if;

    hit_id := mall_prize_at(p_draw, p_roll);
    update mall_drawprize set remaining = remaining - 1 where id = hit_id and remaining >= 1 returning * into prize;
    if prize.id is null then
        select * into strict prize from mall_drawprize where draw_id = p_draw and consolation;
    end if;
    if prize.kind = 'POINTS' then
        given := loyalty_credit(p_member, prize.points, 3::smallint, 'draw-prize', key, p_at,
                                draw.name || ' · ' || prize.name);
    end if;

    insert into mall_drawplay (
        id, draw_id, member_id, request_key, points, posting_id, roll, hit_id, prize_id, prize_posting_id, at
    ) values (
        play_id, p_draw, p_member, p_request_key, draw.points, posting, p_roll, hit_id, prize.id, given, p_at
    ) returning * into play;
    if prize.kind = 'GIFT' then
        insert into mall_wongift (member_id, gift_id, name, play_id, won_at, claim_until)
        values (p_member, prize.gift_id, prize.name, play.id, p_at, p_at + make_interval(days => draw.claim_days));
    end if;
    return play;
end
$$;

create or replace function mall_enter(p_member bigint, p_treasure bigint, p_quantity integer, p_at timestamptz, p_request_key text)
returns mall_treasureentry
language plpgsql as $$
declare
    draw mall_treasuredraw;
    own record;
    posting bigint;
    entry mall_treasureentry := mall_entered(p_member, p_treasure, p_quantity, p_request_key);
begin
    if entry.id is not null then
        return entry;
    end if;
    select * into draw from mall_treasuredraw where id = p_treasure;
    select name, merged_into_id is not null as merged into own from members_member where id = p_member;
    if draw.state is distinct from 'OPEN' or p_at < draw.opens_at or p_at >= draw.closes_at then
        raise exception 'not open' using errcode = 'MD001';
    elsif own.merged then
        raise exception 'merged' using errcode = 'MR005';
    elsif draw.sold + p_quantity > draw.capacity then
        raise exception 'full' using errcode = 'MD004', detail = draw.capacity - draw.sold;
    end if;

    posting := loyalty_debit(p_member, draw.points * p_quantity, 6::smallint, 'treasure', p_member || ':' || p_request_key,
                             p_at, null, draw.name);

    -- Whoever waited for the same key finds here what the first one made.
    entry := mall_entered(p_member, p_treasure, p_quantity, p_request_key);
    if entry.id is not null then
        return entry;
    end if;
    if draw.limit_per_member < p_quantity + (
        select coalesce(sum(quantity), 0) from mall_treasureentry where member_id = p_member and treasure_id = p_treasure
    ) then
        raise exception 'limit reached' using errcode = 'MD005', detail = draw.limit_per_member;
    end if;

    update mall_treasuredraw set sold = sold + p_quantity
     where id = p_treasure and state = 'OPEN' and sold + p_quantity <= capacity
    returning * into draw;
    if not found then
        select * into draw from mall_treasuredraw where id = p_treasure;
        raise exception 'full, or drawn meanwhile'
            using errcode = case draw.state when 'OPEN' then 'MD004' else 'MD001' end,
                  detail = draw.capacity - draw.sold;
    end if;
    insert into mall_treasureentry (
        treasure_id, member_id, request_key, quantity, first_number, points, posting_id, label, code, at
    ) values (
        p_treasure, p_member, p_request_key, p_quantity, draw.sold - p_quantity + 1, draw.points * p_quantity, posting,
        mall_list_label(own.name), left(replace(gen_random_uuid()::text, '-', ''), 12), p_at
    ) returning * into entry;
    return entry;
end
$$;

drop function mall_take_prize(bigint, bigint, bigint, integer, timestamptz);
drop function mall_admit(bigint, bigint);
drop function mall_draw_opens(timestamptz, timestamptz, bigint, timestamptz);
drop function mall_draw_open(timestamptz, timestamptz, bigint, timestamptz);
drop function mall_campaign_on(bigint, timestamptz);
