-- reads: mall_gift, mall_couponcode, members_programme
-- writes: mall_couponcode, mall_gift.stock, mall_voucher, mall_medal, mall_chance
-- re-run: no
--
-- What a member gets for a redemption that is not sent, and what the database keeps of it.

-- The stock of a gift with a pool is the number of its free codes, whoever moves them.
create function mall_codes_counted() returns trigger language plpgsql as $$
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
create trigger codes_counted_in after insert on mall_couponcode
    referencing new table as fresh for each statement execute function mall_codes_counted();
create trigger codes_counted after update on mall_couponcode
    referencing old table as stale new table as fresh for each statement execute function mall_codes_counted();

create trigger codes_are_the_stock before update of stock on mall_gift for each row
    when (new.kind = 'CODE' and new.stock <> old.stock and pg_trigger_depth() = 0) execute function mall_refuse();
create trigger codes_are_the_stock_at_first before insert on mall_gift for each row
    when (new.kind = 'CODE' and new.stock <> 0) execute function mall_refuse();

-- A code stays itself: it is not deleted, renamed or moved to another pool, and once its owner saw it, it stays his.
create trigger code_not_deleted before delete on mall_couponcode for each row execute function mall_refuse();
create trigger code_not_deleted_truncate before truncate on mall_couponcode execute function mall_refuse();
create trigger code_stays before update on mall_couponcode for each row
    when (new.code <> old.code or new.gift_id <> old.gift_id
          or old.seen_at is not null and new.seen_at is distinct from old.seen_at
          or old.seen_at is not null and new.redemption_id is distinct from old.redemption_id
          or old.voided_at is not null and new.voided_at is distinct from old.voided_at
          or old.redemption_id is not null and new.redemption_id is not null and new.redemption_id <> old.redemption_id)
    execute function mall_refuse();

-- A voucher is used once, and what was used or voided stays so.
create trigger voucher_not_deleted before delete on mall_voucher for each row execute function mall_refuse();
create trigger voucher_not_deleted_truncate before truncate on mall_voucher execute function mall_refuse();
create trigger voucher_stays before update on mall_voucher for each row
    when ((new.code, new.redemption_id, new.gift_id) is distinct from (old.code, old.redemption_id, old.gift_id)
          or old.used_at is not null and new.used_at is distinct from old.used_at
          or old.voided_at is not null and new.voided_at is distinct from old.voided_at)
    execute function mall_refuse();

-- What a gift is stays, once somebody has it or it has stock.
create function mall_kind_stays() returns trigger language plpgsql as $$
begin
    if old.stock <> 0 or exists (select from mall_redemption where gift_id = old.id)
       or exists (select from mall_couponcode where gift_id = old.id)
       or exists (select from mall_medal where gift_id = old.id) then
        raise exception 'the kind of gift % is refused to change', old.id using errcode = 'MR009';
    end if;
    return new;
end
$$;
create trigger gift_kind_stays before update of kind on mall_gift for each row
    when (new.kind <> old.kind) execute function mall_kind_stays();

drop trigger redemption_goes_forward on mall_redemption;
create trigger redemption_goes_forward before update of state on mall_redemption
    for each row when (
        new.state <> old.state and (old.state, new.state) not in (
            ('PLACED', 'PACKED'), ('PLACED', 'SHIPPED'), ('PLACED', 'CANCELLED'),
            ('PACKED', 'SHIPPED'), ('PACKED', 'CANCELLED'),
            ('SHIPPED', 'RECEIVED'), ('SHIPPED', 'RETURNED'), ('RECEIVED', 'RETURNED'),
            ('ISSUED', 'RECEIVED'), ('ISSUED', 'CANCELLED')
        )
    )
    execute function mall_refuse();

-- Twelve signs that nobody guesses (60 bits of the random bits of a UUID) and everybody can type: no I, L, O, U.
create function mall_secret() returns text language sql volatile parallel safe as $$
    select string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (get_byte(bits, n) & 31) + 1, 1), '')
      from (select uuid_send(gen_random_uuid()) as bits) drawn
     cross join unnest(array[0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13]) n
$$;

-- When what was got at p_at ends: so many days later at the end of the day, or at a fixed moment, whichever is sooner.
create function mall_ends_at(p_at timestamptz, p_days integer, p_until timestamptz)
returns timestamptz language sql stable parallel safe as $$
    select least(p_until, ((p_at at time zone mall_zone())::date + p_days + 1)::timestamp at time zone mall_zone())
$$;

-- Give a member what he redeemed, as of p_at. Goods are sent and codes are taken with the stock: neither comes here.
create function mall_fulfil(r mall_redemption, g mall_gift, p_at timestamptz) returns void language plpgsql as $$
declare
    ends_at timestamptz := mall_ends_at(p_at, g.valid_days, g.valid_until);
begin
    if r.kind in ('PRIVILEGE', 'SEAT') then
        insert into mall_voucher (redemption_id, gift_id, member_id, code, issued_at, ends_at)
        select r.id, r.gift_id, r.member_id, mall_secret(), p_at, ends_at from generate_series(1, r.quantity);
    elsif r.kind = 'MEDAL' then
        insert into mall_medal (gift_id, member_id, redemption_id, given_at)
        values (r.gift_id, r.member_id, r.id, p_at)
            on conflict do nothing;
        if not found then
            raise exception 'limit reached' using errcode = 'MR004', detail = 1, hint = 'ever';
        end if;
    elsif r.kind = 'CHANCE' then
        insert into mall_chance (pool, member_id, redemption_id, given_at, ends_at)
        select g.chance_pool, r.member_id, r.id, p_at, ends_at from generate_series(1, r.quantity * g.chances);
    end if;
end
$$;

-- Take free codes of a pool for a redemption; codes that somebody else is just taking are passed over.
create function mall_take_codes(r mall_redemption) returns void language plpgsql as $$
declare
    taken integer;
begin
    with free as materialized (
        select id from mall_couponcode
         where gift_id = r.gift_id and redemption_id is null and voided_at is null
         order by id
         limit r.quantity
           for no key update skip locked
    )
    update mall_couponcode c set redemption_id = r.id from free where c.id = free.id;
    get diagnostics taken = row_count;
    if taken < r.quantity then
        raise exception 'out of stock' using errcode = 'MR003';
    end if;
end
$$;
