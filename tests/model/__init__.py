"""Values, identities and set algebra."""
