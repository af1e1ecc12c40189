-- reads: mall_wongift, mall_gift, mall_draw, mall_drawprize, members_member
-- writes: the ledger, mall_redemption and what gifts of each kind give (by mall_fulfil), mall_stockchange,
--         mall_wongift, mall_chance, mall_drawplay, mall_drawprize.remaining
-- re-run: the same request key returns the first try; the caller of mall_award holds the won gift's row and asks once

-- A won gift becomes a redemption for no points, of whatever kind it is. A piece that is counted left the stock when
-- the draw was published: it comes back by a stock change and goes out with the redemption, so that the gift's row is
-- not touched. Returns the redemption.
create function mall_award(
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

-- Use up the chance that ends soonest, under the member's lock.
create function mall_use_chance(p_member bigint, p_pool text, p_word text, p_at timestamptz)
returns void language plpgsql as $$
begin
    update mall_chance set used_at = p_at, used_for = p_word
     where id = (
           select id from mall_chance
            where member_id = p_member and pool = p_pool and used_at is null and voided_at is null
              and (ends_at is null or ends_at > p_at)
            order by ends_at, id
            limit 1
              for no key update);
    if not found then
        raise exception 'no chance left' using errcode = 'MD003';
    end if;
end
$$;

-- A try with a given random number; members reach it by `mall_draw` alone.
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
