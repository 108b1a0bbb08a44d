"""AKS clusters of Azure subscriptions, with what Azure knows of them."""
