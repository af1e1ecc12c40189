-- reads: loyalty_campaign, mall_draw, mall_drawprize, mall_treasuredraw, mall_gift, members_member, members_tier
-- writes: the ledger, mall_redemption and what gifts of each kind give (by mall_fulfil, mall_take_codes),
--         mall_stockchange, mall_wongift, mall_chance, mall_drawplay, mall_drawprize.remaining, mall_treasureentry,
--         mall_treasuredraw.sold
-- re-run: the same request key returns the first try or entries; the caller of mall_award holds the won gift's row
--
-- Draws for a tier and while a campaign is on, and prizes of every kind that are given at once.

-- Whether a campaign is on: the one definition, for gifts' windows and for draws.
create function mall_campaign_on(p_campaign bigint, p_at timestamptz)
returns boolean language sql stable parallel safe as $$
    select exists (
        select from loyalty_campaign c
         where c.id = p_campaign and c.active and p_at >= c.starts_at and p_at < c.ends_at
           and (c.weekdays = '{}' or extract(isodow from p_at at time zone mall_zone())::integer = any (c.weekdays))
           and (c.days_of_month = '{}'
                or extract(day from p_at at time zone mall_zone())::integer = any (c.days_of_month)))
$$;

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
       and (w.campaign_id is null or mall_campaign_on(w.campaign_id, p_at))
$$;

-- Whether a draw is open between its two moments, and while its campaign is on if it has one.
create function mall_draw_open(p_opens timestamptz, p_closes timestamptz, p_campaign bigint, p_at timestamptz)
returns boolean language sql stable parallel safe as $$
    select p_at >= p_opens and p_at < coalesce(p_closes, 'infinity')
       and (p_campaign is null or mall_campaign_on(p_campaign, p_at))
$$;

-- The first moment after p_at, when the draw is closed, at which it is open; null when it never is within 400 days.
-- It opens with itself, with its campaign, or at the beginning of one of the campaign's days.
create function mall_draw_opens(p_opens timestamptz, p_closes timestamptz, p_campaign bigint, p_at timestamptz)
returns timestamptz language plpgsql stable parallel safe as $$
declare
    zone text := mall_zone();
    starts timestamptz := (select starts_at from loyalty_campaign where id = p_campaign);
    first date := greatest(p_at, p_opens, starts) at time zone zone;
begin
    if p_campaign is null then
        return (select p_opens where p_opens > p_at);
    end if;
    return (
        select at
          from (select at
                  from (select p_opens as at
                         union all
                        select starts
                         union all
                        select (first + day)::timestamp at time zone zone from generate_series(0, 400) day) beginning
                 where at > p_at
                 order by at) in_turn
         where mall_draw_open(p_opens, p_closes, p_campaign, at)
         limit 1);
end
$$;

-- Whether a member is there and his tier is high enough; otherwise refused.
create function mall_admit(p_member bigint, p_tier bigint) returns void language plpgsql as $$
declare
    own record;
begin
    select m.merged_into_id is not null as merged, needed.name as tier,
           needed.id is null or coalesce(held.rank >= needed.rank, false) as reached
      into own
      from members_member m
      left join members_tier held on held.id = m.tier_id
      left join members_tier needed on needed.id = p_tier
     where m.id = p_member;
    if own.merged then
        raise exception 'merged' using errcode = 'MR005';
    elsif own.reached is not true then
        raise exception 'tier too low' using errcode = 'MD006', detail = coalesce(own.tier, '');
    end if;
end
$$;

-- A won gift becomes a redemption for no points, of whatever kind it is. A piece that is counted left the stock when
-- the draw was published: it comes back by a stock change and goes out with the redemption, so that the gift's row is
-- not touched. A code is taken from its pool now. Returns the redemption.
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
    first_state := mall_first_state(gift.kind);
    insert into mall_redemption (
        member_id, gift_id, kind, takes_stock, gift_name, quantity, points, posting_id, request_key,
        recipient, phone, address, placed_at, state, received_at
    ) values (
        won.member_id, gift.id, gift.kind, gift.stock_counted, gift.name, 1, 0,
        loyalty_debit(won.member_id, 0, 6::smallint, 'redeem', won.member_id || ':won:' || won.id, p_at, null, won.name),
        'won:' || won.id, p_recipient, p_phone, p_address, p_at, first_state,
        case first_state when 'RECEIVED' then p_at end
    ) returning * into redemption;
    if gift.kind = 'CODE' then
        perform mall_take_codes(redemption);
    elsif gift.kind <> 'PHYSICAL' then
        perform mall_fulfil(redemption, gift, p_at);
    end if;
    if gift.stock_counted and gift.kind <> 'CODE' then
        insert into mall_stockchange (gift_id, quantity, note, at) values (gift.id, 1, p_note, p_at);
    end if;
    update mall_wongift set redemption_id = redemption.id where id = p_won;
    return redemption.id;
end
$$;

-- Take one of a prize for a try, and of a gift that is not sent give it at once. Null, and nothing has happened, when
-- none is left or the member cannot have it: no code is there, or he wears that medal.
create function mall_take_prize(p_play bigint, p_member bigint, p_prize bigint, p_claim_days integer, p_at timestamptz)
returns mall_drawprize language plpgsql as $$
declare
    prize mall_drawprize;
    won bigint;
begin
    update mall_drawprize set remaining = remaining - 1 where id = p_prize and remaining >= 1 returning * into prize;
    if prize.kind = 'GIFT' then
        insert into mall_wongift (member_id, gift_id, name, play_id, won_at, claim_until)
        values (p_member, prize.gift_id, prize.name, p_play, p_at, p_at + make_interval(days => p_claim_days))
        returning id into won;
        if (select kind from mall_gift where id = prize.gift_id) <> 'PHYSICAL' then
            perform mall_award(won, p_at, '', '', '', prize.name || ' #' || p_play);
        end if;
    end if;
    return prize;
exception when sqlstate 'MR003' or sqlstate 'MR004' then
    return null;
end
$$;

-- A try with a given random number; members reach it by `mall_draw` alone.
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

create or replace function mall_enter(
    p_member bigint, p_treasure bigint, p_quantity integer, p_at timestamptz, p_request_key text
) returns mall_treasureentry
language plpgsql as $$
declare
    draw mall_treasuredraw;
    posting bigint;
    entry mall_treasureentry := mall_entered(p_member, p_treasure, p_quantity, p_request_key);
begin
    if entry.id is not null then
        return entry;
    end if;
    select * into draw from mall_treasuredraw where id = p_treasure;
    if draw.state is distinct from 'OPEN'
       or not mall_draw_open(draw.opens_at, draw.closes_at, draw.campaign_id, p_at) then
        raise exception 'not open' using errcode = 'MD001';
    end if;
    perform mall_admit(p_member, draw.minimum_tier_id);
    if draw.sold + p_quantity > draw.capacity then
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
        mall_list_label((select name from members_member where id = p_member)),
        left(replace(gen_random_uuid()::text, '-', ''), 12), p_at
    ) returning * into entry;
    return entry;
end
$$;

-- How many codes of a pool are promised to draws: what is left of their prizes, treasure draws under way, and won ones
-- that wait.
create function mall_codes_promised(p_gift bigint) returns bigint language sql stable as $$
    select coalesce((select sum(z.remaining)
                       from mall_drawprize z
                       join mall_draw d on d.id = z.draw_id and d.state = 'OPEN'
                      where z.gift_id = p_gift), 0)
         + (select count(*) from mall_treasuredraw where gift_id = p_gift and state = 'OPEN')
         + (select count(*) from mall_wongift where gift_id = p_gift and redemption_id is null and lapsed_at is null)
$$;

-- A pool whose codes are promised stays off the shelf: whoever redeems one would take a prize away.
create function mall_promised_stays_off() returns trigger language plpgsql as $$
begin
    if mall_codes_promised(new.id) > 0 then
        raise exception 'the codes of gift % are promised to draws', new.id using errcode = 'MR009';
    end if;
    return new;
end
$$;
create trigger promised_codes_stay_off before update of active on mall_gift for each row
    when (new.kind = 'CODE' and new.active and not old.active) execute function mall_promised_stays_off();
