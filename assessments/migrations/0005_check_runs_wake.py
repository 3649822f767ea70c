import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("assessments", "0004_tool_workload_facts"),
    ]

    operations = [
        migrations.AddField(
            model_name="checkrun",
            name="wake_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AlterField(
            model_name="checkrun",
            name="status_message",
            field=models.TextField(blank=True),
        ),
    ]
