import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalogue', '0002_read_only_role'),
    ]

    operations = [
        migrations.AlterField(
            model_name='awsaccount',
            name='read_only_role_arn',
            field=models.CharField(blank=True, default='', help_text='The role that automated checks assume; it needs to read only. Empty: no checks run in this account.', max_length=200, validators=[django.core.validators.RegexValidator('^arn:aws(-cn|-us-gov)?:iam::\\d{12}:role/[\\w+=,.@/-]+$', 'Give the ARN of a role, like arn:aws:iam::123456789012:role/bcdr-execution.')], verbose_name='read-only role ARN'),
        ),
    ]
