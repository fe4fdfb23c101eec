"""The Training panel; its code is in ``app.desktop.training``."""

from app.desktop.panel import Area, PanelSpec
from app.desktop.training.dock import TrainingDock

PANEL = PanelSpec("training", "Training", Area.RIGHT, 0, TrainingDock)
