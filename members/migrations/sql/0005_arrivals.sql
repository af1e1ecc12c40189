-- Who can newly be recognised by an account or a phone: noted with the change itself, whoever makes it, so that a change
-- that commits late is found as surely as one that commits at once.
create function members_arrive() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'members_member' then
        insert into members_arrival (member_id) select id from arrived where phone is not null and merged_into_id is null;
    else
        insert into members_arrival (member_id) select distinct member_id from arrived;
    end if;
    return null;
end $$;
create trigger member_arrives after insert on members_member
    referencing new table as arrived for each statement execute function members_arrive();
create trigger identity_arrives after insert on members_identity
    referencing new table as arrived for each statement execute function members_arrive();

create function members_change() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'members_member' then
        insert into members_arrival (member_id) values (new.id);
    else
        insert into members_arrival (member_id) values (new.member_id);
    end if;
    return null;
end $$;
create trigger member_arrives_again after update of phone, merged_into_id on members_member for each row
    when (new.merged_into_id is null and (new.phone, new.merged_into_id) is distinct from (old.phone, old.merged_into_id))
    execute function members_change();
create trigger identity_arrives_again after update of channel, external_id, member_id on members_identity for each row
    when ((new.channel, new.external_id, new.member_id) is distinct from (old.channel, old.external_id, old.member_id))
    execute function members_change();
