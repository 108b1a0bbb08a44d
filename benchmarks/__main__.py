"""Runs every benchmark and prints its figures; ratios compare things measured in the same run."""

from benchmarks.ten_thousand_pods import main

if __name__ == "__main__":
    main()
