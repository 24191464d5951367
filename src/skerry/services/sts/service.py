"""STS: its actions. Read by the composition root only."""

from skerry.kernel.action import Handler, actions_of
from skerry.services.sts.caller_identity import actions as caller_identity

MODULES = (caller_identity,)
"""Every module that holds handlers of STS, one line each."""

ACTIONS: dict[str, Handler] = actions_of(*MODULES)
