
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assessments', '0005_check_runs_wake'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveField(
            model_name='toollink',
            name='busy_until',
        ),
        migrations.CreateModel(
            name='ToolSync',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('Pending', 'Pending'), ('InProgress', 'In progress'), ('Success', 'Success'), ('Failed', 'Failed')], default='Pending', max_length=10)),
                ('status_message', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('started_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('wake_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('lease_token', models.UUIDField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('fence', models.PositiveIntegerField(default=0)),
                ('kind', models.CharField(choices=[('Compare', 'Comparison'), ('Push', 'Push'), ('Pull', 'Pull'), ('PushMilestone', 'Milestone on both sides'), ('PullMilestone', 'Milestone from the Tool')], max_length=20)),
                ('asked', models.JSONField(default=dict)),
                ('steps_done', models.PositiveIntegerField(default=0)),
                ('steps_total', models.PositiveIntegerField(default=0)),
                ('waits', models.PositiveIntegerField(default=0)),
                ('result', models.JSONField(default=dict)),
                ('comparison', models.JSONField(null=True)),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='syncs', to='assessments.toollink')),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('seen', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='assessments.toolsync')),
            ],
            options={
                'ordering': ['-created_at'],
                'indexes': [models.Index(condition=models.Q(('status__in', ('Success', 'Failed')), _negated=True), fields=['wake_at'], name='tool_sync_not_ended')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status__in', ('Success', 'Failed')), _negated=True), fields=('link',), name='one_running_tool_sync_per_link'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', False), ('status__in', ('Success', 'Failed'))), models.Q(models.Q(('status__in', ('Success', 'Failed')), _negated=True), ('ended_at__isnull', True)), _connector='OR'), name='tool_sync_ended_exactly_when_final')],
            },
        ),
    ]
