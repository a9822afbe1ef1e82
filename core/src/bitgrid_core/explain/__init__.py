"""Why a load does what it does, from the votes, by templates, in German and English.

No sentence is made from anything but the event; none contradicts what the load does, since
the verb comes from the levels before and after, never from the action's name.
"""

from bitgrid_core.explain.sentences import LANGUAGES, clause, detail, headline, short

__all__ = ["LANGUAGES", "clause", "detail", "headline", "short"]
