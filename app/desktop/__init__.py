"""The window: the only place with Qt and pyqtgraph. It shows models and sends commands; it computes nothing."""
