from django.db import migrations, models
from django.db.models.deletion import PROTECT

FORWARDS = """
create function members_refuse() returns trigger language plpgsql as $$
begin
    raise exception '% on % is refused: what happened stays', tg_op, tg_table_name using errcode = 'MR009';
end $$;
create trigger tier_change_append_only before update or delete on members_tierchange
    for each row execute function members_refuse();
create trigger tier_change_append_only_truncate before truncate on members_tierchange execute function members_refuse();
"""
BACKWARDS = """
drop trigger tier_change_append_only_truncate on members_tierchange;
drop trigger tier_change_append_only on members_tierchange;
drop function members_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0003_permissions")]

    operations = [
        migrations.AlterField(
            model_name="tierchange",
            name="member",
            field=models.ForeignKey(
                on_delete=PROTECT, related_name="tier_changes", to="members.member", verbose_name="member"
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
