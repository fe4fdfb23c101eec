"""Charts: curves that grow while something runs, thinned to what a screen can show, and their panel's tabs.

``series``, ``thinning``, ``smoothing``, ``model``, ``elo``, ``training``, ``throughput`` and ``archive`` know no Qt;
``plot`` and ``stack`` are the only modules that draw, and the only ones that load pyqtgraph.
"""
