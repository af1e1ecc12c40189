-- The balances of some members, held as a posting of theirs would hold them: who moves points from one member to another in
-- several postings takes both before the first (law 10). `insert into loyalty_held (members) values (array[…])` makes the
-- balances that are missing, which no statement but a trigger's may, and locks all of them in order.
create view loyalty_held as select null::bigint[] as members where false;

create function loyalty_hold() returns trigger language plpgsql as $$
begin
    perform loyalty_lock(array(select distinct unnest(new.members) order by 1));
    return new;
end $$;
create trigger hold instead of insert on loyalty_held for each row execute function loyalty_hold();
