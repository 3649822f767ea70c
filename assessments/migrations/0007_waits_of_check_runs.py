
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assessments', '0006_tool_syncs'),
    ]

    operations = [
        migrations.AddField(
            model_name='checkrun',
            name='waits',
            field=models.PositiveIntegerField(default=0),
        ),
    ]
