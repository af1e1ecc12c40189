from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]

    operations = [
        migrations.RunSQL("alter table orders_stagedrow set unlogged", "alter table orders_stagedrow set logged"),
    ]
