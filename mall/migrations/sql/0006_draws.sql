-- reads: mall_draw, mall_drawprize, members_member
-- writes: the ledger (by loyalty_debit, loyalty_credit), mall_drawplay, mall_wongift, mall_drawprize.remaining
-- re-run: the same request key returns the first try and moves nothing
--
-- One round trip for a whole try. Locks in the one order: posting key, balance, lots (all in loyalty_debit), the prize's
-- row last. The key of a prize's own posting comes after it: only who holds the member's balance writes it.

-- What the random number hits: the prizes lie one after the other from 0, each as wide as its odds in millionths.
-- Null: none, which leaves the consolation. The same numbers always give the same prize.
create function mall_prize_at(p_draw bigint, p_roll integer) returns bigint language sql stable as $$
    select id
      from (select id, position, sum(odds) over (order by position, id) * 10000 as ends
              from mall_drawprize
             where draw_id = p_draw and not consolation) prize
     where p_roll < ends
     order by position, id
     limit 1
$$;

-- A number from 0 to 999,999, all equally likely: the first 48 bits of a UUID are from the system's source of secrets;
-- the last incomplete million of them is thrown again.
create function mall_roll() returns integer language plpgsql volatile as $$
declare
    bits bigint;
begin
    loop
        bits := ('x' || left(replace(gen_random_uuid()::text, '-', ''), 12))::bit(48)::bigint;
        exit when bits < (1::bigint << 48) / 1000000 * 1000000;
    end loop;
    return bits % 1000000;
end
$$;

create function mall_played(p_member bigint, p_draw bigint, p_request_key text)
returns mall_drawplay
language plpgsql as $$
declare
    first mall_drawplay;
begin
    select * into first
      from mall_drawplay
     where member_id = p_member and request_key = p_request_key;
    if first.draw_id <> p_draw then
        raise exception 'this request key was used in another draw' using errcode = 'JF001';
    end if;
    return first;
end
$$;

-- Counted under the member's lock, before his new try is written.
create function mall_draw_limits(p_member bigint, draw mall_draw, p_at timestamptz) returns void language plpgsql as $$
declare
    today timestamptz := date_trunc('day', p_at at time zone mall_zone()) at time zone mall_zone();
begin
    if draw.limit_ever <= (select count(*) from mall_drawplay where member_id = p_member and draw_id = draw.id) then
        raise exception 'limit reached' using errcode = 'MD002', detail = draw.limit_ever, hint = 'ever';
    elsif draw.limit_per_day <= (
        select count(*) from mall_drawplay where member_id = p_member and draw_id = draw.id and at >= today
    ) then
        raise exception 'limit reached' using errcode = 'MD002', detail = draw.limit_per_day, hint = 'day';
    end if;
end
$$;

-- A try with a given random number; members reach it by `mall_draw` alone.
create function mall_draw_rolled(p_member bigint, p_draw bigint, p_at timestamptz, p_request_key text, p_roll integer)
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

create function mall_draw(p_member bigint, p_draw bigint, p_at timestamptz, p_request_key text)
returns mall_drawplay
language sql as $$
    select * from mall_draw_rolled(p_member, p_draw, p_at, p_request_key, mall_roll())
$$;

-- What is published stays as it is; what was drawn stays drawn. Who a row belongs to may follow a merge.
create trigger draw_stays before update on mall_draw for each row when (
    old.state <> 'DRAFT'
    and ((to_jsonb(new) - array['state', 'ended_at', 'position', 'emblem', 'description'])
         <> (to_jsonb(old) - array['state', 'ended_at', 'position', 'emblem', 'description'])
         or (old.state, new.state) not in (('OPEN', 'OPEN'), ('OPEN', 'ENDED'), ('ENDED', 'ENDED'))
         or old.ended_at is not null and new.ended_at is distinct from old.ended_at)
) execute function mall_refuse();
create trigger draw_not_deleted before delete on mall_draw for each row
    when (old.state <> 'DRAFT') execute function mall_refuse();

-- Odds add up to 100 % at most, everything is there, and there is a consolation: or it is not published.
create function mall_draw_is_whole() returns trigger language plpgsql as $$
declare
    prizes record;
begin
    select coalesce(sum(odds), 0) as odds, count(*) filter (where consolation) as consolations,
           bool_and(remaining = stock) as whole
      into prizes
      from mall_drawprize where draw_id = new.id;
    if prizes.odds not between 0.0001 and 100 or prizes.consolations <> 1 or not prizes.whole then
        raise exception 'draw % is not ready to be published', new.id using errcode = 'MR009';
    end if;
    return new;
end
$$;
create trigger draw_is_whole before update of state on mall_draw for each row
    when (old.state = 'DRAFT' and new.state = 'OPEN') execute function mall_draw_is_whole();

create function mall_prize_stays() returns trigger language plpgsql as $$
begin
    if exists (select from mall_draw
                where id in (case when tg_op <> 'INSERT' then old.draw_id end,
                             case when tg_op <> 'DELETE' then new.draw_id end)
                  and state <> 'DRAFT') then
        raise exception '% on % is refused: the draw is published', tg_op, tg_table_name using errcode = 'MR009';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end
$$;
create trigger prize_stays_out before insert or delete on mall_drawprize for each row
    execute function mall_prize_stays();
create trigger prize_stays before update on mall_drawprize for each row
    when ((to_jsonb(new) - array['remaining', 'returned', 'emblem'])
          <> (to_jsonb(old) - array['remaining', 'returned', 'emblem']))
    execute function mall_prize_stays();

create trigger play_stays before update on mall_drawplay for each row
    when ((to_jsonb(new) - 'member_id') <> (to_jsonb(old) - 'member_id')) execute function mall_refuse();
create trigger play_not_deleted before delete on mall_drawplay for each row execute function mall_refuse();
create trigger play_not_deleted_truncate before truncate on mall_drawplay execute function mall_refuse();

create trigger won_stays before update on mall_wongift for each row
    when ((to_jsonb(new) - array['member_id', 'redemption_id', 'lapsed_at'])
          <> (to_jsonb(old) - array['member_id', 'redemption_id', 'lapsed_at'])
          or old.redemption_id is not null and new.redemption_id is distinct from old.redemption_id
          or old.lapsed_at is not null and new.lapsed_at is distinct from old.lapsed_at)
    execute function mall_refuse();
create trigger won_not_deleted before delete on mall_wongift for each row execute function mall_refuse();
create trigger won_not_deleted_truncate before truncate on mall_wongift execute function mall_refuse();

alter table mall_drawprize set (fillfactor = 50);
