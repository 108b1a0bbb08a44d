"""EKS clusters of AWS accounts, with what AWS knows of them."""
