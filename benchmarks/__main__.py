"""Runs every benchmark and prints its figures; ratios compare things measured in the same run."""

from benchmarks import (
    discovery,
    exposure,
    live,
    reachability,
    recognition,
    segmentation,
    store,
    ten_thousand_pods,
)

if __name__ == "__main__":
    ten_thousand_pods.main()
    recognition.main()
    reachability.main()
    segmentation.main()
    exposure.main()
    live.main()
    discovery.main()
    store.main()
