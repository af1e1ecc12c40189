"""Postings by when they occurred, for reports: a BRIN index is some kilobytes, and costs an import nothing."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0003_credit")]

    operations = [
        migrations.RunSQL(
            "create index posting_occurred on loyalty_posting using brin (occurred_at) with (autosummarize = on)",
            "drop index posting_occurred",
        ),
    ]
