from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("members", "0002_tier_rising")]

    operations = [
        migrations.AlterModelOptions(
            name="member",
            options={
                "permissions": [("view_phone", "Can see whole phone numbers")],
                "verbose_name": "member",
                "verbose_name_plural": "members",
            },
        ),
    ]
