"""The picture of a match: a ``View`` drawn onto a pygame surface, antialiased, at any size. No window is opened.

Everything that does not move is drawn once and kept: the court with its texts as one layer, moving things as sprites whose
edges are computed from distances, so that they are smooth at every size. A frame copies the layer and places sprites.
"""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
# pygame, which these modules import, reads the two settings above.
from game.render.renderer import Renderer
from game.render.style import STYLES, Colour, Style
from game.render.view import Place, Ripple, Sight, Valuation, View

__all__ = ["STYLES", "Colour", "Place", "Renderer", "Ripple", "Sight", "Style", "Valuation", "View"]
