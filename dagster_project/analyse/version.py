"""The version of the methods of this stage. Raise it whenever a number may come out differently."""

METHOD_VERSION = "1"
