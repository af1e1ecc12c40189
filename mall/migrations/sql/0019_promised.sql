-- reads: mall_gift, mall_coupontype, mall_draw, mall_drawprize, mall_treasuredraw, mall_redemption
-- writes: as mall_draw_rolled did before (0017_draw_terms.sql)
-- re-run: the same request key returns the first try
--
-- Four promises: who hits a prize of a draw that is closed meanwhile is not fobbed off with the consolation; a gift that
-- is a prize stays what it is; a coupon that has ended is not redeemed; and nobody holds everything without paying.

create or replace function mall_draw_rolled(
    p_member bigint, p_draw bigint, p_at timestamptz, p_request_key text, p_roll integer
) returns mall_drawplay
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
    if draw.state is distinct from 'OPEN'
       or not mall_draw_open(draw.opens_at, draw.closes_at, draw.campaign_id, p_at) then
        raise exception 'not open' using errcode = 'MD001';
    end if;
    perform mall_admit(p_member, draw.minimum_tier_id);

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
    if hit_id is not null then
        prize := mall_take_prize(play_id, p_member, hit_id, draw.claim_days, p_at);
    end if;
    if prize.id is null then
        -- What he hit may have gone back into stock, because the draw was closed while he tried.
        if hit_id is not null and not exists (select from mall_draw where id = p_draw and state = 'OPEN') then
            raise exception 'closed meanwhile' using errcode = 'MD001';
        end if;
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
    return play;
end
$$;

-- What a gift is stays, once somebody has it, it has stock, or a draw has promised it.
create or replace function mall_kind_stays() returns trigger language plpgsql as $$
begin
    if old.stock <> 0 or exists (select from mall_redemption where gift_id = old.id)
       or exists (select from mall_couponcode where gift_id = old.id)
       or exists (select from mall_medal where gift_id = old.id)
       or exists (select from mall_drawprize p join mall_draw d on d.id = p.draw_id
                   where p.gift_id = old.id and d.state <> 'DRAFT')
       or exists (select from mall_treasuredraw where gift_id = old.id and state <> 'DRAFT') then
        raise exception 'the kind of gift % is refused to change', old.id using errcode = 'MR009';
    end if;
    return new;
end
$$;

-- When a gift is over for good, whatever its windows say; null: never.
create or replace function mall_over_at(g mall_gift) returns timestamptz language sql stable parallel safe as $$
    select least(g.closes_at,
                 case when g.kind not in ('PHYSICAL', 'CODE', 'MEDAL') then g.valid_until end,
                 case when g.kind = 'SEAT' then g.event_at end,
                 case when g.kind = 'COUPON' then (select valid_until from mall_coupontype where id = g.coupon_type_id) end)
$$;

-- Orders that are still to be paid hold points and stock: a member has five of them at most. He holds his balance here,
-- so two clicks see each other.
create function mall_unpaid_at_most() returns trigger language plpgsql as $$
begin
    if (select count(*) from mall_redemption where member_id = new.member_id and state = 'UNPAID') > 5 then
        raise exception 'too many are unpaid' using errcode = 'MR004', detail = 5, hint = 'unpaid';
    end if;
    return null;
end
$$;
create trigger unpaid_at_most after insert on mall_redemption for each row
    when (new.state = 'UNPAID') execute function mall_unpaid_at_most();
