"""The tools of this connector. What each is called, takes and gives stands in wit/world.wit.

Every call gets a fresh instance: nothing that is left in a variable is there for the next one.
"""

import re

import wit_world
from componentize_py_types import Err

ERROR = re.compile(r"\b(error|fatal|critical|panic)\b", re.IGNORECASE)
WARNING = re.compile(r"\b(warn|warning)\b", re.IGNORECASE)


class WitWorld(wit_world.WitWorld):
    """componentize-py finds the class by its name: that of the world's functions."""

    def count_levels(self, log):
        levels = wit_world.Levels(errors=0, warnings=0, others=0, first_error=None)
        for line in filter(str.strip, log.splitlines()):
            if ERROR.search(line):
                levels.errors += 1
                levels.first_error = levels.first_error or line.strip()
            elif WARNING.search(line):
                levels.warnings += 1
            else:
                levels.others += 1
        if levels.errors + levels.warnings + levels.others == 0:
            # The call fails with these words, and whoever called reads them.
            raise Err("the log has no lines")
        return levels
