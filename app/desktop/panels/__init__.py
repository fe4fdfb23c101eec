"""The panels of the window. A module here with a ``PANEL`` (a ``PanelSpec``) is one.

A panel's module imports what it shows (pyqtgraph, numba, the store's queries) inside ``create`` or later, never at its
top: the window paints first.
"""
