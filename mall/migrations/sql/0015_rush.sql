-- reads: mall_gift, mall_giftshard, mall_gifttier, mall_giftwindow, members_member, members_tier, mall_redemption,
--        mall_couponcode
-- writes: the ledger (by loyalty_debit), mall_redemption, mall_couponcode, mall_voucher, mall_medal, mall_chance,
--         mall_gift.stock, mall_giftshard
-- re-run: the same request key returns the first redemption and moves nothing
--
-- The stock of a rush is split into shards. A gift's stock is the column of its row and the sum of its shards; there are
-- shards only while it is marked. Locks: the gift's row, then its shards in their order; who holds one shard waits for
-- nothing more. So any of these may meet any other, marking and unmarking too.

alter table mall_giftshard set (fillfactor = 50);

-- What is left of a gift, those in its shards included.
create function mall_left(g mall_gift) returns bigint language sql stable parallel safe as $$
    select g.stock + case when g.rush then coalesce((select sum(stock) from mall_giftshard where gift_id = g.id), 0)::bigint
                          else 0 end
$$;

-- Are so many left? Read in one moment and without a lock: the cheap way to say "sold out".
create function mall_in_stock(p_gift bigint, p_quantity bigint) returns boolean language sql stable parallel safe as $$
    select mall_left(g) >= p_quantity from mall_gift g where g.id = p_gift
$$;

-- Take pieces out of a gift's stock: the last lock of a transaction.
-- The quick way waits for nobody but, without shards, for the gift's row. Before anybody is told "sold out", all who
-- are taking pieces are waited for: one of them may yet be refused. A shard that was passed over because it had just
-- been emptied stays locked until the block ends, so the block ends before the wait.
create or replace function mall_take_stock(g mall_gift, p_quantity bigint) returns void language plpgsql as $$
declare
    here bigint;
begin
    if g.rush then
        begin
            update mall_giftshard set stock = stock - p_quantity
             where id = (select id from mall_giftshard where gift_id = g.id and stock >= p_quantity
                          order by random() limit 1 for no key update skip locked);
            if found then
                return;
            end if;
            raise exception 'no shard is free' using errcode = 'MR011';
        exception when sqlstate 'MR011' then
            null;
        end;
    else
        update mall_gift set stock = stock - p_quantity where id = g.id and stock >= p_quantity;
        if found then
            return;
        end if;
    end if;

    perform from mall_gift where id = g.id for no key update;
    perform from mall_giftshard where gift_id = g.id order by shard for no key update;
    if not mall_in_stock(g.id, p_quantity) then
        raise exception 'out of stock' using errcode = 'MR003';
    end if;
    select least(stock, p_quantity) into here from mall_gift where id = g.id;
    update mall_gift set stock = stock - here where id = g.id and here > 0;
    update mall_giftshard s set stock = s.stock - least(s.stock, p_quantity - here - run.before)
      from (select id, sum(stock) over (order by shard) - stock as before from mall_giftshard where gift_id = g.id) run
     where s.id = run.id and run.before < p_quantity - here;
end
$$;

-- Put pieces back, into a shard that nobody is taking from: the last lock of a transaction.
create or replace function mall_put_stock(p_gift bigint, p_quantity bigint) returns void language plpgsql as $$
begin
    update mall_giftshard set stock = stock + p_quantity
     where id = (select id from mall_giftshard where gift_id = p_gift
                  order by random() limit 1 for no key update skip locked);
    if not found then
        update mall_gift set stock = stock + p_quantity where id = p_gift;
    end if;
end
$$;

-- Change a gift's stock by so many pieces and spread it anew: over 16 shards while it is marked as a rush and has at
-- least four for each, else all on its row. False: fewer are there, or no such gift, and nothing changed.
create function mall_change_stock(p_gift bigint, p_change bigint) returns boolean language plpgsql as $$
declare
    marked boolean;
    pieces bigint;
begin
    select rush into marked from mall_gift where id = p_gift for no key update;
    perform from mall_giftshard where gift_id = p_gift order by shard for no key update;
    select stock + coalesce((select sum(stock) from mall_giftshard where gift_id = p_gift), 0) + p_change
      into pieces from mall_gift where id = p_gift;
    if pieces < 0 or pieces is null then
        return false;
    end if;

    if not marked then
        delete from mall_giftshard where gift_id = p_gift;
    elsif pieces < 16 * 4 then
        update mall_giftshard set stock = 0 where gift_id = p_gift;
    else
        insert into mall_giftshard (gift_id, shard, stock)
        select p_gift, n, pieces / 16 + (n < pieces % 16)::integer from generate_series(0, 15) n
            on conflict (gift_id, shard) do update set stock = excluded.stock;
        pieces := 0;
    end if;
    update mall_gift set stock = pieces where id = p_gift and stock <> pieces;
    return true;
end
$$;

create function mall_spread() returns trigger language plpgsql as $$
begin
    perform mall_change_stock(new.id, 0);
    return null;
end
$$;
create trigger rush_spreads_the_stock after update of rush on mall_gift for each row
    when (new.rush <> old.rush) execute function mall_spread();

-- What a gift is stays while it has stock (0009_fulfilment), in shards too.
create function mall_split_kind_stays() returns trigger language plpgsql as $$
begin
    if mall_left(old) <> 0 then
        raise exception 'the kind of gift % is refused to change', old.id using errcode = 'MR009';
    end if;
    return new;
end
$$;
create trigger gift_split_kind_stays before update of kind on mall_gift for each row
    when (new.kind <> old.kind and old.rush) execute function mall_split_kind_stays();

-- The stock of a gift with a pool is the number of its free codes, whoever moves them.
create or replace function mall_codes_counted() returns trigger language plpgsql as $$
declare
    moved record;
begin
    if tg_op = 'INSERT' then
        perform mall_change_stock(c.gift_id, c.free)
           from (select gift_id, count(*) as free from fresh
                  where redemption_id is null and voided_at is null group by gift_id order by gift_id) c;
        return null;
    end if;
    for moved in
        select gift_id, sum(freed) as freed
          from (select gift_id, 1 as freed from fresh where redemption_id is null and voided_at is null
                 union all
                select gift_id, -1 from stale where redemption_id is null and voided_at is null) codes
         group by gift_id having sum(freed) <> 0 order by gift_id
    loop
        if moved.freed > 0 then
            perform mall_put_stock(moved.gift_id, moved.freed);
        else
            perform mall_take_stock(g, -moved.freed) from mall_gift g where g.id = moved.gift_id;
        end if;
    end loop;
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
    elsif gift.stock_counted and gift.stock < p_quantity and not mall_in_stock(p_gift, p_quantity) then
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
