-- reads: nothing   writes: nothing   re-run: no
drop function mall_award(bigint, timestamptz, text, text, text, text);

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
        draw_id, member_id, request_key, points, posting_id, roll, hit_id, prize_id, prize_posting_id, at
    ) values (
        p_draw, p_member, p_request_key, draw.points, posting, p_roll, hit_id, prize.id, given, p_at
    ) returning * into play;
    if prize.kind = 'GIFT' then
        insert into mall_wongift (member_id, gift_id, name, play_id, won_at, claim_until)
        values (p_member, prize.gift_id, prize.name, play.id, p_at, p_at + make_interval(days => draw.claim_days));
    end if;
    return play;
end
$$;

drop function mall_use_chance(bigint, text, text, timestamptz);
