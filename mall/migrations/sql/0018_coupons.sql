-- reads: mall_coupontype, mall_gift, mall_redemption, mall_wongift, members_member, members_tier
-- writes: mall_coupon, mall_coupontype (issued, used, discount), mall_voucher, mall_medal, mall_chance
-- re-run: no
--
-- The brand's own coupons: what the database fills in, counts and keeps. Locks go coupons, then their type; who issues
-- takes the type's row first, and no coupon that anybody else could hold.

-- A coupon is worth what its type is worth when it is issued; who issues it says only what, to whom, when and why.
create function mall_coupon_frozen() returns trigger language plpgsql as $$
declare
    type mall_coupontype;
begin
    select * into strict type from mall_coupontype where id = new.type_id;
    new.code := mall_secret();
    new.name := type.name;
    new.kind := type.kind;
    new.value := type.value;
    new.minimum_spend := type.minimum_spend;
    new.most_off := type.most_off;
    new.tier_id := case when type.tier_at_use then type.tier_id end;
    new.tier_exactly := type.tier_at_use and type.tier_exactly;
    new.starts_at := type.valid_from;
    new.ends_at := mall_ends_at(greatest(new.issued_at, type.valid_from), type.valid_days, type.valid_until);
    new.use_id := null;
    new.voided_at := null;
    return new;
end
$$;
create trigger coupon_frozen before insert on mall_coupon for each row execute function mall_coupon_frozen();

-- A type counts its coupons that are not void.
create function mall_coupons_counted() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        update mall_coupontype t set issued = t.issued + c.number
          from (select type_id, count(*) as number from fresh where voided_at is null group by type_id) c
         where t.id = c.type_id;
    else
        update mall_coupontype t set issued = t.issued - c.number
          from (select fresh.type_id, count(*) as number
                  from fresh
                  join stale on stale.id = fresh.id and stale.voided_at is null
                 where fresh.voided_at is not null
                 group by fresh.type_id) c
         where t.id = c.type_id;
    end if;
    return null;
end
$$;
create trigger coupons_counted_in after insert on mall_coupon
    referencing new table as fresh for each statement execute function mall_coupons_counted();
create trigger coupons_counted after update on mall_coupon
    referencing old table as stale new table as fresh for each statement execute function mall_coupons_counted();

-- A coupon stays itself, what is void stays void, and only its uses move it.
create trigger coupon_not_deleted before delete on mall_coupon for each row execute function mall_refuse();
create trigger coupon_not_deleted_truncate before truncate on mall_coupon execute function mall_refuse();
create trigger coupon_stays before update on mall_coupon for each row
    when ((new.type_id, new.member_id, new.code, new.issued_at, new.starts_at, new.ends_at, new.name, new.kind, new.value,
           new.minimum_spend, new.most_off, new.tier_id, new.tier_exactly, new.source, new.redemption_id, new.given_key)
          is distinct from
          (old.type_id, old.member_id, old.code, old.issued_at, old.starts_at, old.ends_at, old.name, old.kind, old.value,
           old.minimum_spend, old.most_off, old.tier_id, old.tier_exactly, old.source, old.redemption_id, old.given_key)
          or old.voided_at is not null and new.voided_at is distinct from old.voided_at
          or new.use_id is distinct from old.use_id and pg_trigger_depth() = 0)
    execute function mall_refuse();

-- A use takes a coupon that is free, a return frees it from the use that stands: whoever comes second is refused.
create function mall_coupon_moved() returns trigger language plpgsql as $$
declare
    of_type bigint;
begin
    if new.what = 'USED' then
        update mall_coupon set use_id = new.id
         where id = new.coupon_id and use_id is null and voided_at is null
        returning type_id into of_type;
    else
        update mall_coupon set use_id = null
         where id = new.coupon_id and use_id = new.ends_id
        returning type_id into of_type;
    end if;
    if of_type is null then
        raise exception 'coupon % is not free for this', new.coupon_id using errcode = 'MC001';
    end if;
    update mall_coupontype t
       set used = t.used + case new.what when 'USED' then 1 else -1 end,
           discount = t.discount + case new.what when 'USED' then new.amount_off else -new.amount_off end
     where t.id = of_type;
    return null;
end
$$;
create trigger coupon_moved after insert on mall_couponuse for each row execute function mall_coupon_moved();
create trigger coupon_use_append_only before update or delete on mall_couponuse
    for each row execute function mall_refuse();
create trigger coupon_use_append_only_truncate before truncate on mall_couponuse execute function mall_refuse();

-- How many coupons of a type wait for their redemption to be paid: of one member, or (null) of all.
create function mall_coupons_held(p_type bigint, p_member bigint) returns bigint language sql stable as $$
    select coalesce(sum(r.quantity), 0)
      from mall_gift g
      join mall_redemption r on r.gift_id = g.id and r.state = 'UNPAID' and (p_member is null or r.member_id = p_member)
     where g.coupon_type_id = p_type
$$;

-- Whether the tier that a member has is the one, or from the one, that is asked for; null asks for none.
create function mall_tier_fits(p_has bigint, p_asked bigint, p_exactly boolean) returns boolean language sql stable as $$
    select p_asked is null
        or case when p_exactly then p_has = p_asked
                else (select rank from members_tier where id = p_has) >= (select rank from members_tier where id = p_asked)
           end is true
$$;

-- Refuse if a member may not get so many coupons of a type at p_at. It holds the type's row, and looks after it has it.
create function mall_coupon_limits(p_type bigint, p_member bigint, p_quantity bigint, p_at timestamptz)
returns void language plpgsql as $$
declare
    type mall_coupontype;
    his bigint;
begin
    select * into strict type from mall_coupontype where id = p_type for no key update;
    if not type.active
       or mall_ends_at(greatest(p_at, type.valid_from), type.valid_days, type.valid_until) <= p_at then
        raise exception 'not given out' using errcode = 'MR001';
    elsif not mall_tier_fits((select tier_id from members_member where id = p_member), type.tier_id, type.tier_exactly) then
        raise exception 'tier too low' using errcode = 'MR002', detail = (select name from members_tier where id = type.tier_id);
    elsif type.issued + mall_coupons_held(p_type, null) + p_quantity > type.limit_total then
        raise exception 'all given out' using errcode = 'MR003';
    end if;
    if type.limit_per_member is not null then
        select count(*) into his from mall_coupon where type_id = p_type and member_id = p_member and voided_at is null;
        if his + mall_coupons_held(p_type, p_member) + p_quantity > type.limit_per_member then
            raise exception 'limit reached' using errcode = 'MR004', detail = type.limit_per_member, hint = 'ever';
        end if;
    end if;
end
$$;

-- What waits to be paid counts already; paid, it is given whatever has changed since.
create function mall_coupons_waiting() returns trigger language plpgsql as $$
begin
    perform mall_coupon_limits((select coupon_type_id from mall_gift where id = new.gift_id), new.member_id, 0, new.placed_at);
    return null;
end
$$;
create trigger coupons_waiting after insert on mall_redemption for each row
    when (new.kind = 'COUPON' and new.state = 'UNPAID') execute function mall_coupons_waiting();

-- Whether a redemption is of a won gift, which was promised and asks for nothing more.
create function mall_is_won(r mall_redemption) returns boolean language plpgsql stable as $$
begin
    return r.request_key ~ '^won:[0-9]{1,18}$' and r.points = 0 and exists (
        select from mall_wongift
         where id = substr(r.request_key, 5)::bigint and (member_id, gift_id) = (r.member_id, r.gift_id)
           and redemption_id is null);
end
$$;

-- The state of 0011 with coupons: they wait to be used, so that their owner may cancel.
create or replace function mall_first_state(p_kind text) returns text language sql immutable parallel safe as $$
    select case when p_kind = 'PHYSICAL' then 'PLACED'
                when p_kind in ('PRIVILEGE', 'SEAT', 'COUPON') then 'ISSUED'
                else 'RECEIVED' end
$$;

-- The mall_fulfil of 0009 with coupons.
create or replace function mall_fulfil(r mall_redemption, g mall_gift, p_at timestamptz) returns void language plpgsql as $$
declare
    ends_at timestamptz := mall_ends_at(p_at, g.valid_days, g.valid_until);
    won boolean;
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
    elsif r.kind = 'COUPON' then
        won := mall_is_won(r);
        if r.cash = 0 and not won then
            perform mall_coupon_limits(g.coupon_type_id, r.member_id, r.quantity, p_at);
        end if;
        insert into mall_coupon (type_id, member_id, issued_at, source, redemption_id)
        select g.coupon_type_id, r.member_id, p_at, case when won then 'PRIZE' else 'REDEEMED' end, r.id
          from generate_series(1, r.quantity);
    end if;
end
$$;
