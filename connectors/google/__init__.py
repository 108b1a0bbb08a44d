"""GKE: clusters of projects, folders or an organisation of Google Cloud."""
