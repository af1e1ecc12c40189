-- reads: loyalty_pointspolicy, members_programme   writes: the ledger   re-run: the same key gives once
--
-- Points given by an app above within a statement of its own, as `loyalty_debit` takes them: no growth, available at
-- once, ending as the points policy says. Law 10: the caller holds the member's balance, and nobody else ever writes
-- keys of this source. Returns the posting; JF001: the key was used for something else.
create function loyalty_credit(
    p_member bigint, p_points bigint, p_kind smallint, p_source text, p_key text, p_at timestamptz, p_note text
) returns bigint language plpgsql as $$
declare
    hash bigint := loyalty_payload_hash(p_source, p_key, p_member, p_kind, p_points, 0, null);
    ends_at timestamptz;
    posting bigint;
begin
    insert into loyalty_posting (kind, source, key, payload_hash, member_id, points, occurred_at, note)
    values (p_kind, p_source, p_key, hash, p_member, p_points, p_at, p_note)
        on conflict (source, key) do nothing
    returning id into posting;
    if posting is null then
        select id into posting from loyalty_posting where source = p_source and key = p_key and payload_hash = hash;
        if posting is null then
            raise exception 'posted_once: % % was used for something else', p_source, p_key using errcode = 'JF001';
        end if;
        return posting;
    end if;

    select loyalty_expires_at(p_at, coalesce(brand.time_zone, 'Asia/Shanghai'), coalesce(policy.expiry, 'rolling'),
                              coalesce(policy.expiry_months, 12), coalesce(policy.expiry_years, 1))
      into ends_at
      from (select) once
      left join members_programme brand on true
      left join loyalty_pointspolicy policy on true;
    insert into loyalty_lot (posting_id, member_id, granted, remaining, occurred_at, available_at, expires_at, seal)
    values (posting, p_member, p_points, p_points, p_at, p_at, ends_at,
            loyalty_lot_seal(posting, p_member, p_points, p_at, p_at, ends_at));
    perform loyalty_settle(array[p_member], p_at);
    return posting;
end $$;
