"""The tests that Microsoft ships with its storage SDKs for Python, run live against a cloud."""
