"""Who reaches whom: a naive evaluator, random clusters, and tables of cases."""
