-- The laws of the ledger that the database keeps by itself (loyalty/ledger.py tells them one by one).

-- Lots and moves draw their ids from one sequence, under their member's lock: the ids tell the order of events.
create sequence loyalty_step_seq as bigint;
alter table loyalty_lot alter column id drop identity;
alter table loyalty_lot alter column id set default nextval('loyalty_step_seq');
alter table loyalty_move alter column id drop identity;
alter table loyalty_move alter column id set default nextval('loyalty_step_seq');

alter table loyalty_balance set (fillfactor = 70);
alter table loyalty_lot set (fillfactor = 85);
create index balance_owing on loyalty_balance (member_id) where debt > 0;
create index move_debt on loyalty_move (posting_id) where lot_id is null;

-- Law 1, append_only -------------------------------------------------------------------------------------------------
create function loyalty_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'append_only: % on % is refused', lower(tg_op), tg_table_name using errcode = 'JF003';
end $$;

create trigger append_only before update or delete on loyalty_posting for each row execute function loyalty_refuse();
create trigger append_only_truncate before truncate on loyalty_posting execute function loyalty_refuse();
create trigger append_only before update or delete on loyalty_move for each row execute function loyalty_refuse();
create trigger append_only_truncate before truncate on loyalty_move execute function loyalty_refuse();

create trigger append_only before update on loyalty_lot for each row
    when ((old.id, old.posting_id, old.member_id, old.granted, old.occurred_at, old.available_at, old.expires_at, old.seal)
          is distinct from
          (new.id, new.posting_id, new.member_id, new.granted, new.occurred_at, new.available_at, new.expires_at, new.seal))
    execute function loyalty_refuse();
create trigger append_only_delete before delete on loyalty_lot for each row execute function loyalty_refuse();
create trigger append_only_truncate before truncate on loyalty_lot execute function loyalty_refuse();

-- Law 3, sums: lots and balances are moved by the triggers below, never by a statement of somebody's own.
create trigger moved_by_triggers before update on loyalty_lot for each statement
    when (pg_trigger_depth() = 0) execute function loyalty_refuse();
create trigger moved_by_triggers before insert or update or delete on loyalty_balance for each statement
    when (pg_trigger_depth() = 0) execute function loyalty_refuse();
create trigger moved_by_triggers_truncate before truncate on loyalty_balance execute function loyalty_refuse();

-- Law 10, one_lock_order: the posting's key is taken by its insert, then this trigger takes the balances in order.
create function loyalty_lock(members bigint[]) returns void language plpgsql as $$
begin
    if cardinality(members) = 1 then -- a member with a balance, as of each redemption: half the time
        perform from loyalty_balance where member_id = members[1] for no key update;
        if found then
            return;
        end if;
    end if;
    insert into loyalty_balance (member_id)
    select m from unnest(members) m
     where not exists (select from loyalty_balance b where b.member_id = m)
     order by m
        on conflict do nothing;
    perform from loyalty_balance where member_id = any (members) order by member_id for no key update;
end $$;

create function loyalty_posting_inserted() returns trigger language plpgsql as $$
begin
    perform loyalty_lock(array(select distinct member_id from posted order by 1));
    if exists (select from posted where growth <> 0) then
        update loyalty_balance b
           set growth = b.growth + p.growth
          from (select member_id, sum(growth)::bigint as growth from posted group by 1 having sum(growth) <> 0) p
         where b.member_id = p.member_id;
    end if;
    return null;
end $$;
create trigger posting_inserted after insert on loyalty_posting
    referencing new table as posted for each statement execute function loyalty_posting_inserted();

create function loyalty_lot_inserted() returns trigger language plpgsql as $$
begin
    if exists (select from granted where remaining <> granted) then
        raise exception 'sums: a new lot holds what it was granted' using errcode = 'JF003';
    end if;
    update loyalty_balance b
       set points = b.points + g.points
      from (select member_id, sum(granted)::bigint as points from granted group by 1) g
     where b.member_id = g.member_id;
    return null;
end $$;
create trigger lot_inserted after insert on loyalty_lot
    referencing new table as granted for each statement execute function loyalty_lot_inserted();

create function loyalty_move_inserted() returns trigger language plpgsql as $$
begin
    update loyalty_lot l
       set remaining = l.remaining + m.amount
      from (select lot_id, sum(amount)::bigint as amount from moved where lot_id is not null group by 1) m
     where l.id = m.lot_id;
    update loyalty_balance b
       set points = b.points + m.points, debt = b.debt - m.owed
      from (select p.member_id,
                   coalesce(sum(moved.amount) filter (where moved.lot_id is not null), 0)::bigint as points,
                   coalesce(sum(moved.amount) filter (where moved.lot_id is null), 0)::bigint as owed
              from moved
              join loyalty_posting p on p.id = moved.posting_id
             group by 1) m
     where b.member_id = m.member_id;
    return null;
end $$;
create trigger move_inserted after insert on loyalty_move
    referencing new table as moved for each statement execute function loyalty_move_inserted();

-- Law 4, bounds: the checks of the tables, and at commit nobody owes while he has points.
create function loyalty_owes_with_points() returns trigger language plpgsql as $$
begin
    if exists (select from loyalty_balance where member_id = new.member_id and debt > 0 and points > 0) then
        raise exception 'bounds: member % owes points while he has some', new.member_id using errcode = 'JF003';
    end if;
    return null;
end $$;
create constraint trigger owes_only_without_points after update on loyalty_balance
    deferrable initially deferred for each row
    when (new.debt > 0 and new.points > 0) execute function loyalty_owes_with_points();

-- Law 2, posted_once: what a posting says, in one number. Times are left out: a caller who repeats a call repeats its
-- key and its amounts, rarely its clock.
create function loyalty_payload_hash(
    source text, key text, member bigint, kind smallint, points bigint, growth bigint, refers_to bigint
) returns bigint language sql immutable parallel safe as $$
    select hashtextextended(
        member::text || '|' || kind::text || '|' || points::text || '|' || growth::text || '|'
        || coalesce(refers_to::text, '') || '|' || source || '|' || key, 0)
$$;

-- Law 1, append_only: what a lot was when it was granted, its times included, in one number.
create function loyalty_lot_seal(
    posting bigint, member bigint, granted bigint, occurred_at timestamptz, available_at timestamptz,
    expires_at timestamptz
) returns bigint language sql immutable parallel safe as $$
    select hash_record_extended(row(posting, member, granted, occurred_at, available_at, expires_at), 0)
$$;

-- Law 5, time_decides: expire what has ended. The caller holds the members' balances.
create function loyalty_expire_members(members bigint[], at timestamptz) returns bigint language plpgsql as $$
declare
    expired bigint;
begin
    if not exists (select from loyalty_lot where member_id = any (members) and remaining > 0 and expires_at <= at) then
        return 0;
    end if;
    with ended as materialized (
        select l.id, l.member_id, l.remaining, l.expires_at,
               (select count(*) from loyalty_move m join loyalty_posting p on p.id = m.posting_id
                 where m.lot_id = l.id and p.kind = 12) as before
          from loyalty_lot l
         where l.member_id = any (members) and l.remaining > 0 and l.expires_at <= at
    ),
    posted as (
        insert into loyalty_posting (kind, source, key, payload_hash, member_id, points, occurred_at)
        select 12, 'expire', id || '#' || before + 1,
               loyalty_payload_hash('expire', id || '#' || before + 1, member_id, 12::smallint, -remaining, 0, null),
               member_id, -remaining, case before when 0 then expires_at else at end
          from ended
         order by 3
        returning id, key
    ),
    moved as (
        insert into loyalty_move (posting_id, lot_id, amount)
        select posted.id, ended.id, -ended.remaining
          from ended
          join posted on posted.key = ended.id || '#' || ended.before + 1
        returning amount
    )
    select -sum(amount) into expired from moved;
    return expired;
end $$;

-- The next points repay a debt at once. The caller holds the members' balances.
create function loyalty_settle(members bigint[], at timestamptz) returns void language plpgsql as $$
declare
    owing bigint[] := array(
        select member_id from loyalty_balance
         where member_id = any (members) and debt > 0 and points > 0 order by member_id);
begin
    if owing = '{}' then
        return;
    end if;
    perform loyalty_expire_members(owing, at);
    with run as (
        select l.id, l.member_id, l.remaining, b.debt,
               sum(l.remaining) over (partition by l.member_id order by l.expires_at, l.occurred_at, l.id)
               - l.remaining as before
          from loyalty_lot l
          join loyalty_balance b on b.member_id = l.member_id
         where l.member_id = any (owing) and l.remaining > 0
    ),
    take as materialized (
        select id, member_id, least(remaining, debt - before)::bigint as amount from run where before < debt
    ),
    posted as (
        insert into loyalty_posting (kind, source, key, payload_hash, member_id, points, occurred_at)
        select 13, 'settle', key, loyalty_payload_hash('settle', key, member_id, 13::smallint, 0, 0, null),
               member_id, 0, at
          from (select member_id, member_id || '#' || nextval('loyalty_step_seq') as key
                  from take
                 group by member_id) owed
         order by member_id
        returning id, member_id
    )
    insert into loyalty_move (posting_id, lot_id, amount)
    select posted.id, take.id, -take.amount from take join posted using (member_id)
    union all
    select posted.id, null, sum(take.amount)::bigint from take join posted using (member_id) group by posted.id;
end $$;

-- Law 6, soonest_first. Returns the posting; JF001: the key was used for something else; JF002: not enough points,
-- with the available ones as detail.
create function loyalty_debit(
    p_member bigint, p_points bigint, p_kind smallint, p_source text, p_key text, p_at timestamptz,
    p_actor bigint, p_note text
) returns bigint language plpgsql as $$
declare
    hash bigint := loyalty_payload_hash(p_source, p_key, p_member, p_kind, -p_points, 0, null);
    posting bigint;
    taken bigint;
begin
    insert into loyalty_posting (kind, source, key, payload_hash, member_id, points, occurred_at, actor_id, note)
    values (p_kind, p_source, p_key, hash, p_member, -p_points, p_at, p_actor, p_note)
        on conflict (source, key) do nothing
    returning id into posting;
    if posting is null then
        select id into posting from loyalty_posting where source = p_source and key = p_key and payload_hash = hash;
        if posting is null then
            raise exception 'posted_once: % % was used for something else', p_source, p_key using errcode = 'JF001';
        end if;
        return posting;
    end if;

    perform loyalty_expire_members(array[p_member], p_at);
    with run as (
        select id, remaining, sum(remaining) over (order by expires_at, occurred_at, id) - remaining as before
          from loyalty_lot
         where member_id = p_member and remaining > 0 and available_at <= p_at and expires_at > p_at
    ),
    took as (
        insert into loyalty_move (posting_id, lot_id, amount)
        select posting, id, -least(remaining, p_points - before) from run where before < p_points
        returning amount
    )
    select coalesce(-sum(amount), 0) into taken from took;
    if taken < p_points then
        raise exception 'member % has % available points, % are asked', p_member, taken, p_points
            using errcode = 'JF002', detail = taken;
    end if;
    return posting;
end $$;

-- Law 7, back_where_it_came_from. Returns the posting; null: already given back (under another key).
create function loyalty_give_back(p_posting bigint, p_key text, p_at timestamptz, p_actor bigint, p_note text)
returns bigint language plpgsql as $$
declare
    debit loyalty_posting;
    hash bigint;
    posting bigint;
begin
    select * into debit from loyalty_posting where id = p_posting;
    if debit.id is null or debit.points >= 0 or debit.kind not in (4, 6, 7) then
        raise exception 'posting % took nothing that can be given back', p_posting using errcode = 'JF004';
    end if;
    hash := loyalty_payload_hash('give_back', p_key, debit.member_id, 10::smallint, -debit.points, 0, p_posting);
    begin
        insert into loyalty_posting
               (kind, source, key, payload_hash, member_id, points, refers_to_id, occurred_at, actor_id, note)
        values (10, 'give_back', p_key, hash, debit.member_id, -debit.points, p_posting, p_at, p_actor, p_note)
        on conflict (source, key) do nothing
        returning id into posting;
    exception when unique_violation then
        return null;
    end;
    if posting is null then
        select id into posting from loyalty_posting
         where source = 'give_back' and key = p_key and payload_hash = hash;
        if posting is null then
            raise exception 'posted_once: give_back % was used for something else', p_key using errcode = 'JF001';
        end if;
        return posting;
    end if;
    insert into loyalty_move (posting_id, lot_id, amount)
    select posting, lot_id, -amount from loyalty_move where posting_id = p_posting order by id;
    perform loyalty_expire_members(array[debit.member_id], p_at);
    perform loyalty_settle(array[debit.member_id], p_at);
    return posting;
end $$;

-- Laws 8 and 9, claw_back_order and refunds_converge. Parallel arrays, one element a refund; `refunded` is cumulative.
-- Returns the postings made. A refund that asks for nothing more makes none; one that asks and finds nothing makes an
-- empty one, so that its key stands and the same refund told again finds nothing to take later either. Members are locked first, all at once:
-- a key of source 'refund' is only ever written by who holds its member's balance.
create function loyalty_claw_back(
    postings bigint[], refunded numeric[], paid numeric[], keys text[], notes text[], at timestamptz, clamp boolean
) returns setof bigint language plpgsql as $$
declare
    members bigint[];
    round integer;
    rounds integer;
begin
    members := array(select distinct member_id from loyalty_posting where id = any (postings) order by 1);
    perform from loyalty_balance where member_id = any (members) order by member_id for no key update;
    perform loyalty_expire_members(members, at);
    -- One refund of a member at a time, so that each sees what the one before it left.
    select coalesce(max(count), 0) into rounds
      from (select count(*) from loyalty_posting p join unnest(postings) u on u = p.id group by p.member_id) c;
    for round in 1 .. rounds loop
        return query
        with asked as (
            select * from unnest(postings, refunded, paid, keys, notes) with ordinality
                     as a (posting, refunded, paid, key, note, n)
        ),
        turn as (
            select a.*, p.member_id, p.points as granted, p.growth,
                   row_number() over (partition by p.member_id order by a.n) as turn
              from asked a
              join loyalty_posting p on p.id = a.posting
        ),
        need as materialized (
            select t.*, nextval(pg_get_serial_sequence('loyalty_posting', 'id')) as id,
                   least(t.granted - div(t.granted * (t.paid - t.refunded), t.paid), t.granted - ended.points)
                   - clawed.points as points_due,
                   t.growth - div(t.growth * (t.paid - t.refunded), t.paid) - clawed.growth as growth_due,
                   b.growth as growth_left
              from turn t
              join loyalty_balance b on b.member_id = t.member_id
             cross join lateral (
                   select coalesce(-sum(points), 0) as points, coalesce(-sum(growth), 0) as growth
                     from loyalty_posting where refers_to_id = t.posting and kind = 11) clawed
             cross join lateral (
                   select coalesce(-sum(m.amount), 0) as points
                     from loyalty_lot l
                     join loyalty_move m on m.lot_id = l.id
                     join loyalty_posting e on e.id = m.posting_id and e.kind = 12
                    where l.posting_id = t.posting) ended
             where t.turn = round
        ),
        run as (
            select n.id, l.id as lot_id, l.remaining, n.points_due,
                   sum(l.remaining) over (
                       partition by n.id
                       order by (l.posting_id = n.posting) desc, (l.available_at <= at) desc,
                                l.expires_at, l.occurred_at, l.id) - l.remaining as before
              from need n
              join loyalty_lot l on l.member_id = n.member_id and l.remaining > 0
             where n.points_due > 0
        ),
        take as materialized (
            select id, lot_id, least(remaining, points_due - before)::bigint as amount from run where before < points_due
        ),
        due as materialized (
            select n.*, coalesce(t.taken, 0) as taken,
                   case when clamp then 0 else greatest(n.points_due, 0) - coalesce(t.taken, 0) end as owed,
                   greatest(least(n.growth_due, n.growth_left), 0) as growth_taken
              from need n
              left join (select id, sum(amount) as taken from take group by 1) t using (id)
             where n.points_due > 0 or n.growth_due > 0
        ),
        posted as (
            insert into loyalty_posting (id, kind, source, key, payload_hash, member_id, points, growth, refers_to_id,
                                         occurred_at, note, breakdown)
            select id, 11, 'refund', key,
                   loyalty_payload_hash('refund', key, member_id, 11::smallint, -(taken + owed)::bigint,
                                        -growth_taken::bigint, posting),
                   member_id, -(taken + owed), -growth_taken, posting, at, note,
                   jsonb_strip_nulls(jsonb_build_object(
                       'refunded', due.refunded::text, 'paid', due.paid::text,
                       'short', nullif(greatest(points_due, 0) - taken - owed, 0)))
              from due
             order by key
                on conflict (source, key) do nothing
            returning id
        ),
        moved as (
            insert into loyalty_move (posting_id, lot_id, amount)
            select id, lot_id, -amount from take join posted using (id)
            union all
            select id, null, -owed from due join posted using (id) where owed > 0
        )
        select id from posted;
    end loop;
end $$;

-- When points earned at a moment end, in the brand's zone: at the end of a day (months later, clamped to the month's
-- last day), at the end of a calendar year, or never.
create function loyalty_expires_at(earned timestamptz, zone text, expiry text, months integer, years integer)
returns timestamptz language sql stable parallel safe as $$
    select case expiry
        when 'rolling' then ((earned at time zone zone)::date + make_interval(months => months) + interval '1 day')
                            at time zone zone
        when 'year_end' then (date_trunc('year', earned at time zone zone) + make_interval(years => years + 1))
                             at time zone zone
        else 'infinity'
    end
$$;
