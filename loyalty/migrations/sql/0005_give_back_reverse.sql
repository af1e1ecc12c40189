-- reads: nothing   writes: nothing   re-run: no
drop trigger back_where_it_came_from on loyalty_posting;
drop function loyalty_gave_back_too_much();
drop function loyalty_give_back(bigint, text, timestamptz, bigint, text, bigint);

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
