from django.db import migrations

FORWARDS = """
create function members_tier_rising() returns trigger language plpgsql as $$
begin
    if exists (select from members_tier a join members_tier b on a.rank < b.rank and a.threshold >= b.threshold) then
        raise exception 'tier_rising: thresholds must rise with the ranks' using errcode = '23514';
    end if;
    return null;
end $$;
create constraint trigger tier_rising after insert or update on members_tier
    deferrable initially deferred for each row execute function members_tier_rising();
"""
BACKWARDS = """
drop trigger tier_rising on members_tier;
drop function members_tier_rising();
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0001_initial")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
