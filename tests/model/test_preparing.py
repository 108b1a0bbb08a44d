"""Types are worked out before threads convert into them at once."""

import subprocess
import sys

PROGRAM = """
import sys, threading
from auditor.catalogue.cni_plugins import CniPlugins
from auditor.catalogue.frameworks import Frameworks
from auditor.catalogue.host_services import HostServices
from auditor.catalogue.ingress_controllers import IngressControllers
from auditor.catalogue.load_balancers import LoadBalancers
from auditor.catalogue.loading import load_data
from auditor.catalogue.meshes import Meshes
from auditor.model.preparing import prepare_types

SHAPES = {
    "cni_plugins.yaml": CniPlugins,
    "frameworks.yaml": Frameworks,
    "host_services.yaml": HostServices,
    "ingress_controllers.yaml": IngressControllers,
    "load_balancers.yaml": LoadBalancers,
    "meshes.yaml": Meshes,
}
prepare_types()
# Threads take turns after every few instructions.
sys.setswitchinterval(1e-6)
barrier = threading.Barrier(8)

def run():
    for name, shape in SHAPES.items():
        barrier.wait()
        load_data(name, shape)

threads = [threading.Thread(target=run) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
"""Without `prepare_types` two of three such processes die of a segmentation fault."""


def test_threads_that_begin_at_once_live() -> None:
    for _ in range(4):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
