"""What each action does: `(inputs, context) -> result`. One file a family; `registry.ACTIONS` names them all.

An action reaches the world only through the `Context` it is handed, so it knows neither boto3 nor the database.
"""
