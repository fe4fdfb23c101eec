"""Charts: curves that grow while something runs, thinned to what a screen can show, and their panel's tabs.

``series``, ``thinning``, ``smoothing``, ``model``, ``elo``, ``training``, ``throughput`` and ``archive`` know no Qt; ``plot`` is
the only module that draws, and the only one that loads pyqtgraph.
"""
