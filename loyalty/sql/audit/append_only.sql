-- Law 1. reads: loyalty_posting, loyalty_lot, loyalty_move, pg_trigger   writes: nothing
select 'posting ' || id, 'its payload is not what was posted'
  from loyalty_posting
 where payload_hash <> loyalty_payload_hash(source, key, member_id, kind, points, growth, refers_to_id)
union all
select 'lot ' || l.id, 'its posting is missing or is not of the same member and moment'
  from loyalty_lot l
  left join loyalty_posting p on p.id = l.posting_id
 where p.id is null or p.member_id <> l.member_id or p.occurred_at <> l.occurred_at
union all
select 'lot ' || id, 'its grant or its times are not what was posted'
  from loyalty_lot
 where seal <> loyalty_lot_seal(posting_id, member_id, granted, occurred_at, available_at, expires_at)
union all
select 'move ' || m.id, 'its posting or its lot is missing'
  from loyalty_move m
  left join loyalty_posting p on p.id = m.posting_id
  left join loyalty_lot l on l.id = m.lot_id
 where p.id is null or m.lot_id is not null and l.id is null
union all
select 'posting ' || p.id, 'it refers to a posting that is missing'
  from loyalty_posting p
  left join loyalty_posting r on r.id = p.refers_to_id
 where p.refers_to_id is not null and r.id is null
union all
select guarded.name || ' on ' || guarded.of, 'the trigger is missing or disabled'
  from (values ('append_only', 'loyalty_posting'), ('append_only_truncate', 'loyalty_posting'),
               ('append_only', 'loyalty_move'), ('append_only_truncate', 'loyalty_move'),
               ('append_only', 'loyalty_lot'), ('append_only_delete', 'loyalty_lot'),
               ('append_only_truncate', 'loyalty_lot')) guarded (name, of)
  left join pg_trigger t on t.tgname = guarded.name and t.tgrelid = guarded.of::regclass and t.tgenabled in ('O', 'A')
 where t.oid is null
