-- reads: relation (place, number, channel_id, open)   writes: orders_claim
-- re-run: a live claim stands; one that waits takes the proof given now. The caller holds the member's lock
-- (claim_hold.sql): a number without a channel and the same number with one must not both become live.
with asked as materialized (
    {relation}
),
live as materialized (
    select c.id, a.place
      from asked a
      join orders_claim c on c.member_id = %(member)s and c.number = a.number
                         and c.state in ('WAITING', 'CREDITED', 'IN_REVIEW')
                         and (c.channel_id = a.channel_id or c.channel_id is null or a.channel_id is null)
     order by c.id
       for no key update of c
),
renewed as (
    update orders_claim c
       set proof = %(proof)s, address = %(address)s, channel_id = coalesce(c.channel_id, a.channel_id),
           to_look = true
      from live
      join asked a using (place)
     where c.id = live.id and c.state = 'WAITING'
),
made as (
    insert into orders_claim (member_id, channel_id, number, proof, address, note, state, reason, made_at, decided_at)
    select %(member)s, channel_id, number, %(proof)s, %(address)s, '',
           case when open then 'WAITING' else 'REFUSED' end, case when open then '' else 'OFF' end,
           %(at)s::timestamptz, case when not open then %(at)s::timestamptz end
      from asked
     where place not in (select place from live)
     order by place
    returning id, number
)
select place, min(id) from live group by place
 union all
select asked.place, made.id from made join asked using (number)
 order by 1
