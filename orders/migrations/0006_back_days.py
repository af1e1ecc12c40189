from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_confirm")]

    operations = [
        migrations.AddField(
            model_name="channel",
            name="back_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="An order that was bought longer before its buyer joined becomes his, but gives nothing. "
                "Empty: all give; 0: none. Buyers whom this channel makes members, and orders claimed by their number, "
                "are not touched.",
                null=True,
                verbose_name="orders before joining, in days",
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="earns",
            field=models.BooleanField(
                db_default=True,
                editable=False,
                help_text="Decided when it became its member's: False if he bought it longer before he joined than the "
                "channel looks back (Channel.back_days).",
                verbose_name="may give points",
            ),
        ),
    ]
