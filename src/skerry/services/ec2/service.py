"""EC2: its actions, reconcilers and sweeps. Read by the composition root only."""

from skerry.kernel.action import Handler, actions_of
from skerry.reconcile.work import Reconciler, Sweep

MODULES = ()
"""Every module that holds handlers of EC2, one line each."""

ACTIONS: dict[str, Handler] = actions_of(*MODULES)
RECONCILERS: tuple[Reconciler, ...] = ()
SWEEPS: tuple[Sweep, ...] = ()
