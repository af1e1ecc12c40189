-- reads: loyalty_posting, loyalty_move, loyalty_lot   writes: the ledger
-- re-run: the same key returns the first posting and moves nothing
--
-- Law 7, back_where_it_came_from, for a part of what a posting took. A part goes back to the lots that end latest: he
-- then stands as if he had taken less in the first place (law 6 took the soonest).

drop function loyalty_give_back(bigint, text, timestamptz, bigint, text);

-- Gives back p_points of what p_posting took; null: all that has not gone back yet. Returns the posting; null: all went
-- back before (under other keys). JF004: it took nothing, or less than is asked for.
-- The balance comes first, so that two who give back see each other; its keys are only ever written by who holds it.
create function loyalty_give_back(
    p_posting bigint, p_key text, p_at timestamptz, p_actor bigint, p_note text, p_points bigint default null
) returns bigint language plpgsql as $$
declare
    debit loyalty_posting;
    first loyalty_posting;
    back bigint;
    posting bigint;
begin
    select * into debit from loyalty_posting where id = p_posting;
    if debit.id is null or debit.points >= 0 or debit.kind not in (4, 6, 7) or p_points <= 0 then
        raise exception 'posting % took nothing that can be given back', p_posting using errcode = 'JF004';
    end if;
    perform loyalty_lock(array[debit.member_id]);
    select * into first from loyalty_posting where source = 'give_back' and key = p_key;
    if first.id is not null then
        if first.refers_to_id <> p_posting or first.points <> p_points then
            raise exception 'posted_once: give_back % was used for something else', p_key using errcode = 'JF001';
        end if;
        return first.id;
    end if;
    back := coalesce((select sum(points) from loyalty_posting where refers_to_id = p_posting and kind = 10), 0);
    if back = -debit.points then
        return null;
    elsif p_points > -debit.points - back then
        raise exception 'posting % took % points, of which % went back: % are too many',
              p_posting, -debit.points, back, p_points using errcode = 'JF004';
    end if;
    p_points := coalesce(p_points, -debit.points - back);
    insert into loyalty_posting
           (kind, source, key, payload_hash, member_id, points, refers_to_id, occurred_at, actor_id, note)
    values (10, 'give_back', p_key,
            loyalty_payload_hash('give_back', p_key, debit.member_id, 10::smallint, p_points, 0, p_posting),
            debit.member_id, p_points, p_posting, p_at, p_actor, p_note)
    returning id into posting;
    with left_out as (
        select m.lot_id, -sum(m.amount) as points
          from loyalty_move m
         where m.posting_id = p_posting
            or m.posting_id in (select id from loyalty_posting where refers_to_id = p_posting and kind = 10)
         group by m.lot_id
        having sum(m.amount) < 0
    ),
    run as (
        select o.lot_id, o.points,
               sum(o.points) over (order by l.expires_at desc, l.occurred_at desc, l.id desc) - o.points as before
          from left_out o
          join loyalty_lot l on l.id = o.lot_id
    )
    insert into loyalty_move (posting_id, lot_id, amount)
    select posting, lot_id, least(points, p_points - before)::bigint from run where before < p_points order by lot_id;
    perform loyalty_expire_members(array[debit.member_id], p_at);
    perform loyalty_settle(array[debit.member_id], p_at);
    return posting;
end $$;

-- What went back never exceeds what was taken, of no lot; seen at commit, when the moves are there.
create function loyalty_gave_back_too_much() returns trigger language plpgsql as $$
begin
    perform from loyalty_move m
      join loyalty_posting p on p.id = m.posting_id
     where p.id = new.refers_to_id or p.refers_to_id = new.refers_to_id and p.kind = 10
     group by m.lot_id having sum(m.amount) > 0;
    if found then
        raise exception 'back_where_it_came_from: more went back than posting % took', new.refers_to_id
            using errcode = 'JF003';
    end if;
    return null;
end $$;
create constraint trigger back_where_it_came_from after insert on loyalty_posting
    deferrable initially deferred for each row when (new.kind = 10) execute function loyalty_gave_back_too_much();
