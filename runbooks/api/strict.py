"""Input of the JSON door that is refused whole when it names a field nobody knows: a misspelt one must not be ignored."""

from typing import Any

from rest_framework import serializers


class StrictSerializer(serializers.Serializer):
    """A serializer for input. Unknown fields are refused by name, together with every other problem."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        problems: dict[str, Any] = {name: ["There is no such field."] for name in unknown}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            detail = error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
            raise serializers.ValidationError({**problems, **detail}) from error
        if problems:
            raise serializers.ValidationError(problems)
        return value
