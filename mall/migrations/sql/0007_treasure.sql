-- reads: mall_treasuredraw, members_member, mall_treasureentry
-- writes: the ledger (by loyalty_debit, loyalty_give_back), mall_treasureentry, mall_treasuredraw.sold
-- re-run: the same request key returns the first entries and moves nothing
--
-- Entries of a treasure draw in one round trip. Locks in the one order: posting key, balance, lots (all in
-- loyalty_debit), the draw's row last: it gives the numbers.

create function mall_entered(p_member bigint, p_treasure bigint, p_quantity integer, p_request_key text)
returns mall_treasureentry
language plpgsql as $$
declare
    first mall_treasureentry;
begin
    select * into first
      from mall_treasureentry
     where member_id = p_member and request_key = p_request_key;
    if first.id is not null and (first.treasure_id, first.quantity) is distinct from (p_treasure, p_quantity) then
        raise exception 'this request key was used for something else' using errcode = 'JF001';
    end if;
    return first;
end
$$;

-- How a member stands in the public list: the first letter of his name, if it is a plain one.
create function mall_list_label(p_name text) returns text language sql immutable parallel safe as $$
    select coalesce(substring(p_name from '^[A-Za-z0-9\u3400-\u4dbf\u4e00-\u9fff]'), '*') || '**'
$$;

create function mall_enter(p_member bigint, p_treasure bigint, p_quantity integer, p_at timestamptz, p_request_key text)
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

-- The public list of entries, as a file: what is hashed is what is read. Lines end with a line feed.
create function mall_entries_file(p_treasure bigint) returns text language sql stable as $$
    select E'first,last,member,code,entered_at\n' || coalesce(string_agg(
               concat_ws(',', first_number, first_number + quantity - 1, label, code,
                         to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) || E'\n',
               '' order by first_number), '')
      from mall_treasureentry
     where treasure_id = p_treasure
$$;

-- Give the points of some entries back; returns how many. Again takes the next ones. Members first, in order (law 10);
-- the keys of what is given back are only ever written by who holds the entry.
create function mall_refund_entries(p_treasure bigint, p_at timestamptz, p_most integer, p_note text)
returns integer language plpgsql as $$
declare
    entries bigint[];
    members bigint[];
    one record;
begin
    select array_agg(id), array_agg(distinct member_id) into entries, members
      from (select id, member_id
              from mall_treasureentry
             where treasure_id = p_treasure and refunded_at is null
             order by member_id, id
             limit p_most
               for no key update skip locked) batch;
    if entries is null then
        return 0;
    end if;
    perform from loyalty_balance where member_id = any (members) order by member_id for no key update;
    for one in
        select id, posting_id from mall_treasureentry where id = any (entries) order by member_id, id
    loop
        perform loyalty_give_back(one.posting_id, 'treasure:' || one.id, p_at, null, p_note);
    end loop;
    update mall_treasureentry set refunded_at = p_at where id = any (entries);
    return cardinality(entries);
end
$$;

-- What is published stays as it is, what was told is not told again differently, and nothing is forgotten.
create function mall_treasure_stays() returns trigger language plpgsql as $$
declare
    told text[] := array['drawn_at', 'entries_digest', 'seed', 'winner_number', 'winner_id', 'prize_posting_id',
                         'called_off', 'refunded_at'];
    moving text[] := array['state', 'sold', 'position', 'emblem', 'description'];
begin
    if old.state = 'DRAFT' then
        if new.state = 'DRAFT' then
            return new;
        elsif new.state = 'OPEN' and new.sold = 0 and exists (
            select from mall_treasureseed
             where treasure_id = new.id and encode(sha256(seed), 'hex') = new.commitment
        ) then
            return new;
        end if;
    elsif (to_jsonb(new) - told - moving) = (to_jsonb(old) - told - moving)
        and (new.state = old.state or (old.state, new.state) in (
             ('OPEN', 'DRAWN'), ('OPEN', 'REFUNDING'), ('REFUNDING', 'REFUNDED')))
        and (new.sold = old.sold or old.state = 'OPEN' and new.sold > old.sold)
        and not exists (
            select from jsonb_each_text(to_jsonb(old)) was
             where was.key = any (told) and coalesce(was.value, '') <> ''
               and was.value is distinct from to_jsonb(new) ->> was.key)
    then
        return new;
    end if;
    raise exception 'treasure draw % is published: this change is refused', old.id using errcode = 'MR009';
end
$$;
create trigger treasure_stays before update on mall_treasuredraw for each row execute function mall_treasure_stays();
create trigger treasure_not_deleted before delete on mall_treasuredraw for each row
    when (old.state <> 'DRAFT') execute function mall_refuse();

create trigger treasure_seed_stays before update or delete on mall_treasureseed for each row
    execute function mall_refuse();
create trigger treasure_seed_stays_truncate before truncate on mall_treasureseed execute function mall_refuse();

create trigger treasure_entry_stays before update on mall_treasureentry for each row
    when ((to_jsonb(new) - array['member_id', 'refunded_at']) <> (to_jsonb(old) - array['member_id', 'refunded_at'])
          or old.refunded_at is not null and new.refunded_at is distinct from old.refunded_at)
    execute function mall_refuse();
create trigger treasure_entry_not_deleted before delete on mall_treasureentry for each row
    execute function mall_refuse();
create trigger treasure_entry_not_deleted_truncate before truncate on mall_treasureentry execute function mall_refuse();

-- Room beside the counter that gives the numbers.
alter table mall_treasuredraw set (fillfactor = 50);
